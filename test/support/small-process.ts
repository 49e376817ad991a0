import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestServer } from './app.js';
import { launch, serving, type Ended } from './process.js';

/** What a process in a small container has, instead of the 4 GB that a large machine's would. */
const heapMegabytes = 768;
const askEveryMs = 50;
const answerMsMax = 30_000;
const stopMsMax = 30_000;

/** A server process of its own with little memory, whose `/healthz` is asked without pause. */
export interface SmallProcess {
  url: string;
  pid: number;
  /**
   * The longest that `/healthz` took since this was last asked for; fails when it did not answer or the process died. Counted
   * is what the process worked meanwhile: on a machine that is busy with other tests, an answer takes longer by no fault.
   */
  slowestHealthMs: () => Promise<number>;
  /** All that it wrote, as far as it came. */
  output: () => string;
  stop: () => Promise<void>;
}

/** Beside `server`, whose database and tenants it shares, as another process of the same installation. */
export async function startSmallProcess(server: TestServer, env: Record<string, string> = {}): Promise<SmallProcess> {
  const { child, url, output, ended } = await serving(
    launch(['serve', '--role', 'api'], {
      DATABASE_URL: server.databaseUrl,
      SECRETS_KEY: server.secretsKey,
      PORT: '0',
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
      ...env,
    }),
  );
  const watch = new HealthWatch(url, child.pid ?? 0, ended);
  const stop = async () => {
    watch.stop();
    child.kill('SIGTERM');
    // One that hangs must not hold the tests up.
    const kill = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    await ended;
    clearTimeout(kill);
  };
  return { url, pid: child.pid ?? 0, slowestHealthMs: async () => await watch.slowestMs(), output, stop };
}

class HealthWatch {
  private slowest = 0;
  private failure: string | null = null;
  private stopped = false;
  private asking: Promise<void> = Promise.resolve();

  constructor(
    private readonly url: string,
    private readonly pid: number,
    ended: Promise<Ended>,
  ) {
    void this.watch(ended);
    void this.askOn();
  }

  /** Waits for an answer to what is asked from now on: the one under way may be the slow one. */
  async slowestMs(): Promise<number> {
    await this.asking;
    await this.ask();
    const { slowest, failure } = this;
    this.slowest = 0;
    this.failure = null;
    if (failure !== null) throw new Error(failure);
    return slowest;
  }

  stop(): void {
    this.stopped = true;
  }

  private async watch(ended: Promise<Ended>): Promise<void> {
    const { code, stderr } = await ended;
    if (!this.stopped) this.failure = `the process ended with ${code}: ${stderr.slice(-2_000)}`;
  }

  private async askOn(): Promise<void> {
    while (!this.stopped) {
      this.asking = this.ask();
      await this.asking;
      await wait(askEveryMs);
    }
  }

  private async ask(): Promise<void> {
    const workedBefore = await workedMs(this.pid);
    try {
      const status = await statusOf(`${this.url}/healthz`);
      if (status !== 200) throw new Error(`it answered ${status}`);
    } catch (error) {
      if (!this.stopped) this.failure ??= `/healthz did not answer: ${String(error)}`;
    }
    this.slowest = Math.max(this.slowest, (await workedMs(this.pid)) - workedBefore);
  }
}

/** The processor time of a process's main thread, in steps of 10 ms; where there is no /proc, the time. */
async function workedMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return performance.now();
  // Behind the name, which may hold spaces, the 14th and 15th of proc_pid_stat(5): utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Over a connection of its own, as a load balancer asks. */
async function statusOf(url: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    get(url, { agent: false, signal: AbortSignal.timeout(answerMsMax) }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}
