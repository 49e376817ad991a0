import { expect } from 'chai';
import { cloneDatabase } from '../support/postgres.js';
import { attackers, Neighbourhood } from '../support/neighbours/neighbourhood.js';
import { quantile, quietOperations } from '../support/neighbours/quiet.js';

/** In short what `bench/neighbours` measures at length: here a fault is ten times what that bound allows. */
const seconds = 5;
const size = { deliveries: 20_000, large: 40, contacts: 5_000, credentials: 2 };

describe('a quiet workspace beside the worst of neighbours', function () {
  this.timeout(120_000);
  let database: { url: string; drop: () => Promise<void> };
  let neighbourhood: Neighbourhood;

  before(async () => {
    database = await cloneDatabase();
    neighbourhood = await Neighbourhood.start(database.url, size, { NODE_OPTIONS: '--max-old-space-size=768' });
  });
  after(async () => {
    await neighbourhood.stop();
    await database.drop();
  });

  it('is answered as ever, and in time, while a key, a Member and a stranger do what their budgets allow', async () => {
    const alone = await neighbourhood.alone(seconds);
    const health: number[] = [];
    const looking = setInterval(() => void neighbourhood.health().then((ms) => health.push(ms)), 250);
    const { latencies, reports } = await neighbourhood.beside(seconds).finally(() => clearInterval(looking));
    for (const as of attackers) {
      expect(reports[as].sent, `requests of the ${as}`).to.be.greaterThan(20);
      expect(reports[as].broken, `5xx to the ${as}`).to.deep.equal({});
    }
    for (const operation of quietOperations) {
      const most = 10 * Math.max(3 * quantile(alone[operation], 0.5), 100);
      expect(quantile(latencies[operation], 0.99), `${operation}, p99 in ms`).to.be.lessThan(most);
    }
    expect(quantile(health, 0.99), '/healthz, p99 in ms').to.be.lessThan(1_000);
    expect(health.length).to.be.greaterThan(seconds);
  });
});
