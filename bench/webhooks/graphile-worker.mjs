import { Logger, run, runMigrations } from 'graphile-worker';
import { concurrency, endpoints, startPeer } from './work.mjs';

export const startGraphileWorker = async (url, receiver) =>
  await startPeer(url, receiver, async ({ pool, deliver }) => {
    await runMigrations({ pgPool: pool });
    const addJobs = {
      name: 'add',
      text: `select from graphile_worker.add_jobs(array(
        select row('deliver', json_build_object('event', $1::text, 'index', n), null, null, null, null, null, null)::graphile_worker.job_spec
        from generate_series(0, ${endpoints - 1}) n))`,
    };
    return {
      add: async (id) => await pool.query({ ...addJobs, values: [id] }),
      async start() {
        const runner = await run({
          pgPool: pool,
          noHandleSignals: true,
          logger: new Logger(() => () => {}),
          // As its documentation measures it, with more at once, since these jobs wait for others.
          preset: {
            worker: {
              concurrentJobs: concurrency,
              localQueue: { size: 500 },
              completeJobBatchDelay: 0,
              failJobBatchDelay: 0,
            },
          },
          taskList: { deliver: async ({ event, index }) => await deliver(event, index) },
        });
        return async () => await runner.stop();
      },
      close: async () => {},
    };
  });
