#!/usr/bin/env node
import 'reflect-metadata';
import { runCommand } from './cli/command.js';

process.exitCode = await runCommand(process.argv.slice(2));

// What a library left open, as pg does with a connection whose sign-in fails, would keep a command that is over from ending.
setTimeout(() => process.exit(), 1_000).unref();
