import { expect } from 'chai';
import { ConfigProblem, readConfig } from '../../src/platform/config.js';

describe('settings', () => {
  it('have the published defaults, and empty counts as absent', () => {
    const config = readConfig({ PORT: '', HOST: ' ', LOG_LEVEL: '' });
    expect(config).to.deep.include({ port: 4000, host: '127.0.0.1', databaseUrl: null, logLevel: 'info' });
    expect(config.webhooks).to.deep.equal({
      allowedCidrs: [],
      retryDelaysMs: [10_000, 30_000, 90_000, 300_000, 900_000, 2_700_000, 7_200_000, 21_600_000, 64_800_000],
      timeoutMs: 15_000,
      concurrency: 128,
      concurrencyPerEndpoint: 8,
    });
  });

  it('have the ad platforms where these are, unless an operator says otherwise', () => {
    const own = { urls: {}, versions: {}, googleTokenUrl: null, timeoutMs: 10_000 };
    expect(readConfig({ CONVERSIONS_META_URL: '' }).conversions).to.deep.equal(own);
    const said = { CONVERSIONS_META_URL: 'https://gateway.example.com/meta/', CONVERSIONS_LINKEDIN_VERSION: '202609' };
    expect(readConfig(said).conversions).to.deep.equal({
      ...own,
      urls: { meta: 'https://gateway.example.com/meta' },
      versions: { linkedin: '202609' },
    });
  });

  it('ignores other variables', () => {
    const others = { HTTP_PROXY: 'x', PORTS: 'y', CONVERSIONS_OTHER_URL: 'z', CONVERSIONS_TIKTOK_VERSION: 'z' };
    expect(readConfig(others)).to.deep.equal(readConfig({}));
  });

  const key = Buffer.alloc(32, 7).toString('base64');
  const accepted: [name: string, value: string][] = [
    ['PORT', '0'],
    ['DATABASE_URL', 'postgresql://u:p@db/iozen'],
    ['DATABASE_URL', 'postgres://db/iozen?sslmode=verify-full'],
    ['DATABASE_URL', 'postgres://db/iozen?sslmode=disable'],
    ['SECRETS_KEY', key],
    ['SECRETS_KEY', `${key}, ${key}`],
    ['WEBHOOK_ALLOWED_CIDRS', '127.0.0.0/8, fd00::/8'],
    ['WEBHOOK_RETRY_DELAYS', '100ms,1s,2m,3h'],
    ['PUBLIC_URL', 'https://iozen.example.com/'],
  ];
  for (const [name, value] of accepted) {
    it(`takes ${name}=${value}`, () => {
      expect(() => readConfig({ SECRETS_KEY: key, [name]: value })).not.to.throw();
    });
  }

  const refused: [name: string, value: string][] = [
    ['PORT', '70000'],
    ['PORT', '4e3'],
    ['DATABASE_URL', 'mysql://db/iozen'],
    ['SECRETS_KEY', 'c2hvcnQ='],
    ['PUBLIC_URL', 'ftp://example.com'],
    ['WEBHOOK_ALLOWED_CIDRS', '127.0.0.1'],
    ['WEBHOOK_ALLOWED_CIDRS', '10.0.0.0/33'],
    ['WEBHOOK_RETRY_DELAYS', '10'],
    ['WEBHOOK_RETRY_DELAYS', '10s,,5m'],
    ['WEBHOOK_RETRY_DELAYS', '700h,21h'],
    ['WEBHOOK_CONCURRENCY_PER_ENDPOINT', '0'],
    ['HOST', 'no host'],
    ['DATABASE_URL', 'postgres://u:hunter%2@db/iozen'],
    ['WEBHOOK_TIMEOUT_MS', '0'],
    ['WEBHOOK_CONCURRENCY', 'many'],
    ['TRUSTED_PROXIES', 'localhost'],
    ['METRICS_TOKEN', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['CONVERSIONS_TIKTOK_URL', 'business-api.tiktok.com'],
    ['CONVERSIONS_META_VERSION', '../v26.0'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${name}=${value} by its name`, () => {
      expect(() => readConfig({ [name]: value })).to.throw(ConfigProblem, `${name} must be`);
    });
  }

  for (const mode of ['prefer', 'allow', 'verify_full']) {
    it(`refuses sslmode=${mode}, which pg takes for another, with what to write instead`, () => {
      const DATABASE_URL = `postgres://u:hunter2@db/iozen?sslmode=${mode}`;
      expect(() => readConfig({ DATABASE_URL, SECRETS_KEY: key }))
        .to.throw(ConfigProblem, /Write sslmode=verify-full, or no-verify .* or disable/)
        .with.property('message')
        .not.match(/hunter/);
    });
  }

  it('lists every problem in one message, and never repeats a secret', () => {
    const wrong = { PORT: 'x', LOG_LEVEL: 'loud', SECRETS_KEY: 'hunter2', DATABASE_URL: 'mysql://u:hunter3@db' };
    let message = '';
    try {
      readConfig(wrong);
    } catch (error) {
      ({ message } = error as Error);
    }
    for (const name of Object.keys(wrong)) expect(message).to.include(name);
    expect(message).not.to.match(/hunter/);
  });

  it('requires SECRETS_KEY with DATABASE_URL', () => {
    expect(() => readConfig({ DATABASE_URL: 'postgres://db/iozen' })).to.throw('SECRETS_KEY is required');
  });
});
