const silenceMs = 2_000;
/** On a terminal one line is written anew; in a log or a mail each is one more: seldom, where it takes long. */
const terminalEveryMs = 1_000;
const pipeEveryMsMax = 10_000;

const atWork = 'still working';

/** What is counted, of how many. */
type Tell = (done: number, of: number) => void;

export interface Progress {
  /** Takes how far the command is; `things` is what it counts. Cheap, as most of it is never shown. */
  counting(things: string): Tell;
  /** Ends it, before anything else is written. */
  end(): void;
}

interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** For a command that takes a moment. */
export const noProgress: Progress = { counting: () => () => undefined, end: () => undefined };

/** Says on stderr how far a command is, or that it is at work, once it takes longer than people wait in silence. */
export function showProgress(command: string, out: Out = process.stderr, firstAfterMs = silenceMs): Progress {
  const { isTTY: isTerminal = false, columns = 80 } = out;
  const startedAt = performance.now();
  let far = atWork;
  let isShown = false;
  const show = () => {
    const ranMs = performance.now() - startedAt;
    const line = `${command}: ${far}, ${Math.round(ranMs / 1_000)} s`;
    out.write(isTerminal ? `\r${line.slice(0, columns - 1)}\x1b[K` : `${line}\n`);
    isShown = true;
    const everyMs = isTerminal ? terminalEveryMs : Math.min(Math.max(ranMs, silenceMs), pipeEveryMsMax);
    timer = setTimeout(show, everyMs).unref();
  };
  let timer = setTimeout(show, firstAfterMs).unref();
  return {
    counting: (things) => (done, of) => {
      far = done < of ? `${done.toLocaleString('en')} of ${of.toLocaleString('en')} ${things}` : atWork;
    },
    end: () => {
      clearTimeout(timer);
      if (isShown && isTerminal) out.write('\r\x1b[K');
      isShown = false;
    },
  };
}
