import { setFlagsFromString } from 'node:v8';

/**
 * For a process that answers: a full collection of garbage makes late what comes in the tenth of a second that it takes,
 * so there are fewer, and the heap is larger in between. V8 alone keeps it small wherever little happens, and then
 * collects as soon as something does. https://v8.dev/blog/trash-talk
 */
export function collectSeldom(): void {
  // The next one is due at four times of what the last one left: as V8 has it under load, at any time.
  setFlagsFromString('--heap-growing-percent=300');
  // Nor is there one because nothing happens.
  setFlagsFromString('--no-memory-reducer');
  // What grew old in a backlog is allocated as young again after it: as old, it would keep all that it refers to.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
