/** One file because it is the list of settings, and one message tells of all that are wrong. */
import { resolve } from 'node:path';
import { isCidr } from './addresses.js';

export interface Config {
  port: number;
  host: string;
  /** null: the embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | null;
  /** A replica of it; null: there is none. */
  databaseReplicaUrl: string | null;
  dataDir: string;
  /** null: generated into `dataDir`. */
  secretsKeys: Buffer[] | null;
  /** null: http://HOST:PORT, once the port is known. */
  publicUrl: string | null;
  webhooks: {
    allowedCidrs: string[];
    retryDelaysMs: number[];
    timeoutMs: number;
    concurrency: number;
    concurrencyPerEndpoint: number;
  };
  conversions: {
    /** Base addresses instead of the platforms' own, by the platform's name. */
    urls: Readonly<Record<string, string>>;
    /** API versions instead of ours, by the platform's name. */
    versions: Readonly<Record<string, string>>;
    /** Where Google's access tokens are fetched, instead of at Google's own address. */
    googleTokenUrl: string | null;
    timeoutMs: number;
  };
  trustedProxies: string[];
  /** Origins whose pages may call REST from a browser; `*` for all. */
  corsOrigins: string[];
  metricsToken: string | null;
  logLevel: LogLevel;
  /** Where spans are sent; null: nowhere. */
  otlp: { url: string } | null;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export class ConfigProblem extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`These settings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigProblem';
  }
}

/** What a command that calls a server needs to know of it. */
export interface ClientConfig {
  url: string;
  apiKey: string;
  /** `whsec_…`; null: a new one for every run. */
  webhookSecret: string | null;
}

/** So long may an attempt take, unless a server is set otherwise: also what documents say, and where no server is asked. */
export const webhookTimeoutMsDefault = 15_000;

const postgresForm = 'a URL such as postgres://USER:PASSWORD@HOST:5432/DATABASE, special characters percent-encoded';

const retryDelays = '10s,30s,90s,5m,15m,45m,2h,6h,18h';

/** Reads every setting and reports every problem at once. Empty counts as absent; other variables are ignored. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = [];
  const read = readerOf(env, problems);
  const config: Config = {
    port: read('PORT', 4000, (text) => integer(text, 0, 65535), 'a port from 0 to 65535'),
    host: read(
      'HOST',
      '127.0.0.1',
      (text) => (/^[a-z0-9.:-]+$/i.test(text) ? text : null),
      'an address or a host name',
    ),
    databaseUrl: read('DATABASE_URL', null, postgresUrl, postgresForm),
    databaseReplicaUrl: read('DATABASE_REPLICA_URL', null, postgresUrl, postgresForm),
    dataDir: read('DATA_DIR', resolve('.data'), (text) => resolve(text), 'a directory'),
    secretsKeys: read('SECRETS_KEY', null, secretKeys, '32 bytes in base64, or a comma-separated list of them'),
    publicUrl: read('PUBLIC_URL', null, httpUrl, 'an http or https URL without query or fragment'),
    webhooks: {
      allowedCidrs: read('WEBHOOK_ALLOWED_CIDRS', [], cidrs, 'comma-separated ranges such as 127.0.0.0/8'),
      retryDelaysMs: read(
        'WEBHOOK_RETRY_DELAYS',
        durations(retryDelays) as number[],
        durations,
        'comma-separated durations such as 10s,5m,2h (ms, s, m or h), 720h in all at most',
      ),
      timeoutMs: read(
        'WEBHOOK_TIMEOUT_MS',
        webhookTimeoutMsDefault,
        (text) => integer(text, 100, 120_000),
        'from 100 to 120000',
      ),
      concurrency: read('WEBHOOK_CONCURRENCY', 128, (text) => integer(text, 1, 10_000), 'from 1 to 10000'),
      concurrencyPerEndpoint: read(
        'WEBHOOK_CONCURRENCY_PER_ENDPOINT',
        8,
        (text) => integer(text, 1, 1_000),
        'from 1 to 1000',
      ),
    },
    conversions: {
      urls: readEach(env, /^CONVERSIONS_(META|GOOGLE|LINKEDIN|TIKTOK)_URL$/, (name) =>
        read(name, '', httpUrl, 'an http or https URL without query or fragment'),
      ),
      versions: readEach(env, /^CONVERSIONS_(META|LINKEDIN)_VERSION$/, (name) =>
        read(name, '', (text) => (/^v?\d+(\.\d+)?$/.test(text) ? text : null), 'a version such as v26.0 or 202609'),
      ),
      googleTokenUrl: read(
        'CONVERSIONS_GOOGLE_TOKEN_URL',
        null,
        httpUrl,
        'an http or https URL without query or fragment',
      ),
      timeoutMs: read('CONVERSIONS_TIMEOUT_MS', 10_000, (text) => integer(text, 100, 60_000), 'from 100 to 60000'),
    },
    trustedProxies: read('TRUSTED_PROXIES', [], cidrs, 'comma-separated ranges such as 10.0.0.0/8'),
    corsOrigins: read('CORS_ORIGINS', [], origins, 'comma-separated origins such as https://app.example.com, or *'),
    metricsToken: read(
      'METRICS_TOKEN',
      null,
      (text) => (/^[\x21-\x7e]{8,}$/.test(text) ? text : null),
      'at least 8 visible characters',
    ),
    logLevel: read<LogLevel>(
      'LOG_LEVEL',
      'info',
      (text) => logLevels.find((level) => level === text) ?? null,
      `one of ${logLevels.join(', ')}`,
    ),
    otlp: otlpOf(
      read('OTEL_SDK_DISABLED', false, (text) => /^true$/i.test(text), 'true'),
      read('OTEL_EXPORTER_OTLP_ENDPOINT', null, httpUrl, 'an http or https URL'),
      read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', null, httpUrl, 'an http or https URL'),
    ),
  };
  if (
    config.databaseUrl !== null &&
    config.secretsKeys === null &&
    !problems.some((line) => line.startsWith('SECRETS_KEY'))
  ) {
    problems.push(
      'SECRETS_KEY is required with DATABASE_URL: 32 bytes in base64, the same in every process. `openssl rand -base64 32` makes one.',
    );
  }
  if (config.databaseReplicaUrl !== null && config.databaseUrl === null) {
    problems.push('DATABASE_REPLICA_URL names a replica of what DATABASE_URL names, which is missing.');
  }
  problems.push(...sslModeProblem('DATABASE_URL', config.databaseUrl));
  problems.push(...sslModeProblem('DATABASE_REPLICA_URL', config.databaseReplicaUrl));
  if (problems.length > 0) throw new ConfigProblem(problems);
  return config;
}

/** As the specification of OpenTelemetry has it: the address of traces is whole, the common one has no path yet. */
function otlpOf(disabled: boolean, common: string | null, traces: string | null): Config['otlp'] {
  const url = traces ?? (common === null ? null : `${common}/v1/traces`);
  return disabled || url === null ? null : { url };
}

/** Reads the settings of `iozen listen`, and reports every problem at once. */
export function readClientConfig(env: Record<string, string | undefined> = process.env): ClientConfig {
  const problems: string[] = [];
  const read = readerOf(env, problems);
  const config: ClientConfig = {
    url: read('IOZEN_URL', 'http://127.0.0.1:4000', httpUrl, 'an http or https URL without query or fragment'),
    apiKey: read('IOZEN_API_KEY', '', (text) => (/^[\x21-\x7e]+$/.test(text) ? text : null), 'an API key'),
    webhookSecret: read(
      'IOZEN_WEBHOOK_SECRET',
      null,
      (text) => (/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/.test(text) ? text : null),
      'whsec_ and at least 24 bytes in base64',
    ),
  };
  if (config.apiKey === '' && problems.every((line) => !line.startsWith('IOZEN_API_KEY'))) {
    problems.push('IOZEN_API_KEY is required: an API key with manage:webhooks and the read scopes of what it is told.');
  }
  if (problems.length > 0) throw new ConfigProblem(problems);
  return config;
}

function readerOf(env: Record<string, string | undefined>, problems: string[]) {
  return <T>(name: string, fallback: T, parse: (text: string) => T | null, expected: string): T => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return fallback;
    const value = parse(text);
    if (value === null) problems.push(`${name} must be ${expected}, not ${quote(name, text)}.`);
    return value ?? fallback;
  };
}

/** What the settings of one form say that are given, by the name inside of theirs in lower case. */
function readEach(
  env: Record<string, string | undefined>,
  form: RegExp,
  read: (name: string) => string,
): Record<string, string> {
  const found = Object.keys(env).flatMap((name): [string, string][] => {
    const [, inner] = form.exec(name) ?? [];
    const value = inner === undefined ? '' : read(name);
    return inner === undefined || value === '' ? [] : [[inner.toLowerCase(), value]];
  });
  return Object.fromEntries(found);
}

// A secret is never repeated on a terminal or in a log.
const quote = (name: string, text: string) =>
  /KEY|TOKEN|SECRET|^DATABASE_/.test(name) ? 'the value given' : JSON.stringify(text.slice(0, 60));

function integer(text: string, min: number, max: number): number | null {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  return value >= min && value <= max ? value : null;
}

/** The modes that pg understands as they are meant; it takes `prefer`, and any word it does not know, for `verify-full`. */
const sslModes = ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full'];

function sslModeProblem(name: string, text: string | null): string[] {
  if (text === null) return [];
  const mode = new URL(text).searchParams.getAll('sslmode').at(-1) ?? 'disable';
  if (sslModes.includes(mode)) return [];
  return [
    `${name} says an sslmode that leaves open whether the connection is encrypted. Write sslmode=verify-full, ` +
      'or no-verify where the certificate cannot be checked, or disable for a connection without TLS.',
  ];
}

function postgresUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, username, password, pathname } = new URL(text);
  try {
    // As pg reads it; a % in a password has to be written as %25.
    [username, password, pathname].forEach(decodeURIComponent);
  } catch {
    return null;
  }
  return /^postgres(ql)?:$/.test(protocol) ? text : null;
}

function httpUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') return null;
  return url.href.replace(/\/$/, '');
}

function secretKeys(text: string): Buffer[] | null {
  const keys = text.split(',').map((part) => part.trim());
  const valid = keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key) || /^[A-Za-z0-9_-]{43}=?$/.test(key));
  return valid ? keys.map((key) => Buffer.from(key, 'base64')) : null;
}

function cidrs(text: string): string[] | null {
  const ranges = text.split(',').map((part) => part.trim());
  return ranges.every(isCidr) ? ranges : null;
}

function origins(text: string): string[] | null {
  const named = text.split(',').map((part) => part.trim());
  return named.every((origin) => origin === '*' || (httpUrl(origin) !== null && new URL(origin).origin === origin))
    ? named
    : null;
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function durations(text: string): number[] | null {
  const parts = text.split(',').map((part) => /^(\d{1,9})(ms|s|m|h)$/.exec(part.trim()));
  if (parts.length > 50 || parts.includes(null)) return null;
  const delaysMs = parts.map((part) => Number(part?.[1]) * unitsMs[part?.[2] as keyof typeof unitsMs]);
  // A schedule of more than 30 days would outlast the event that it delivers.
  return delaysMs.reduce((sum, ms) => sum + ms, 0) <= 720 * unitsMs.h ? delaysMs : null;
}
