import { promises as dns } from 'node:dns';

/** Looks up all A and AAAA answers for a name; throws when there is none. */
export type Resolver = (hostname: string) => Promise<readonly string[]>;

export interface NameServers {
  /** Addresses, with ports if need be; absent: the machine's. */
  servers?: readonly string[];
  timeoutMs?: number;
}

/**
 * Makes a resolver that asks DNS first: `dns.lookup` takes one of few threads for as long as a stranger's name server
 * stalls, and then everybody's look-ups wait. It serves names alone that DNS denies at once, such as those of the hosts
 * file.
 */
export const resolverBy =
  ({ servers, timeoutMs = 2_000 }: NameServers = {}): Resolver =>
  async (hostname) => {
    const resolver = new dns.Resolver({ timeout: timeoutMs, tries: 2 });
    if (servers !== undefined) resolver.setServers(servers);
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    for (const answer of answers) {
      const { code } = (answer.status === 'rejected' ? answer.reason : {}) as { code?: string };
      if (code !== undefined && !['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'].includes(code)) throw new Error(code);
    }
    return (await dns.lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address);
  };
