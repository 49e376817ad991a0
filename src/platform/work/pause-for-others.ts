const waiting: (() => void)[] = [];
let isGoingOn = false;

/**
 * To be awaited between parts of a few milliseconds by work that takes long on the main thread: whatever came in meanwhile
 * is answered first. Of several such works one goes on at a time, and what comes in then is answered before the next.
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
