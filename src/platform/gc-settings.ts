import { setFlagsFromString } from 'node:v8';

/**
 * For a process that answers requests. A full garbage collection takes a tenth of a second and delays whatever comes
 * meanwhile; with these settings there are fewer of them, and the heap is larger in between. By itself V8 keeps the heap
 * small while little happens, and then collects as soon as something does. https://v8.dev/blog/trash-talk
 */
export function collectSeldom(): void {
  // A collection is due when the heap is four times what the last one left, as V8 otherwise has it under load alone.
  setFlagsFromString('--heap-growing-percent=300');
  // V8 does not collect because the process is idle.
  setFlagsFromString('--no-memory-reducer');
  // Without this, V8 goes on to allocate as old what grew old during a backlog, and keeps all that it refers to.
  setFlagsFromString('--no-allocation-site-pretenuring');
}
