import { expect } from 'chai';
import { startServer, type TestServer } from './support/app.js';
import { jobsOn } from './support/jobs.js';
import { queues } from '../src/app.js';

const minutesOfDay = Array.from({ length: 24 * 60 }, (_, minute) => minute);

/** Of a cron line whose day, month and weekday are `*`: the minutes of a day in which it begins. */
function minutesOf(cron: string): number[] {
  const [minute = '', hour = '', ...days] = cron.split(' ');
  expect(days, cron).to.deep.equal(['*', '*', '*']);
  const includes = (field: string, value: number) =>
    field === '*' || (field.startsWith('*/') ? value % Number(field.slice(2)) === 0 : value === Number(field));
  return minutesOfDay.filter((at) => includes(minute, at % 60) && includes(hour, Math.floor(at / 60)));
}

describe('what is due by the clock', () => {
  let server: TestServer;
  before(async () => (server = await startServer({ role: 'worker' })));
  after(async () => await server.stop());

  it('begins in minutes of its own, so that nothing of it slows another down', async () => {
    const schedules = await jobsOn(server.app.database.pool).getSchedules();
    const ours = schedules.filter(({ name }) => queues.some((queue) => queue.name === name));
    expect(ours).to.have.length.above(9);
    // What begins in every minute has none of its own.
    const seldom = ours.filter(({ cron }) => cron !== '* * * * *');
    const begun = new Map<number, string[]>();
    for (const { name, cron } of seldom) {
      const minutes = minutesOf(cron);
      expect(minutes, `${name}: ${cron}`).to.not.have.length(0);
      for (const minute of minutes) begun.set(minute, [...(begun.get(minute) ?? []), name]);
    }
    expect([...begun.values()].filter((names) => names.length > 1)).to.deep.equal([]);
  });
});
