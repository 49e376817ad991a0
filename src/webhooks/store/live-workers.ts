/** The first key of the advisory locks by which workers show that they live; the second is the worker's id. */
export const workerLockClass = 1_768_905_582;

export const leaseSeconds = 10;

/** In SQL: whether the lease of the worker `w` runs; one that ends later than leases do was written by a wrong clock. */
export const leaseRuns = `
  w.leased_until > now() and w.leased_until <= now() + interval '${2 * leaseSeconds} seconds'
`;

/**
 * In SQL: ids of workers that live. `kill -9` and a restart of PostgreSQL end a worker's session and with it the lock, so
 * they show at once; a process that hangs, or a network that swallows everything, shows when the lease runs out.
 */
export const liveWorkers = `
  select w.id from webhook_workers w
  where ${leaseRuns} and exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.classid = ${workerLockClass} and l.objid = w.id::oid and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())
  )
`;
