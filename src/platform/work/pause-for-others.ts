const waiting: (() => void)[] = [];
let isGoingOn = false;

/**
 * What takes long on the main thread does it in parts of a few milliseconds, and waits for this between them: whatever
 * else came in is answered first, and of all that work like this only one goes on before that comes again.
 */
export function pauseForOthers(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (isGoingOn) return;
    isGoingOn = true;
    setImmediate(goOn);
  });
}

function goOn(): void {
  waiting.shift()?.();
  isGoingOn = waiting.length > 0;
  if (isGoingOn) setImmediate(goOn);
}
