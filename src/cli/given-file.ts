import { errorCode, Failure } from '../platform/errors.js';
import { readJsonBytes, type ReadJson } from '../platform/text/read-json.js';
import { readFile } from 'node:fs/promises';

const problems: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
};

/** The error of reading or writing a file that was named, as a sentence about that file. */
export function fileProblem(file: string, thrown: unknown): unknown {
  const problem = problems[errorCode(thrown)];
  return problem === undefined
    ? thrown
    : new Error(`${file} cannot be read or written: ${problem}.`, { cause: thrown });
}

/** @throws Error that names the file, where it cannot be read or holds no JSON */
export async function jsonIn(file: string): Promise<ReadJson> {
  try {
    return readJsonBytes(await readFile(file));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw fileProblem(file, thrown);
    throw new Error(thrown.message.replace(/^The input/, file), { cause: thrown });
  }
}
