import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { resolverBy } from '../../../src/platform/outbound/resolve-name.js';
import { useOutbound } from '../../support/outbound.js';

const types = { 1: 'A', 28: 'AAAA' } as Record<number, 'A' | 'AAAA' | undefined>;
const noSuchName = 3;

/** A name server on this machine; it answers for every name with these addresses, or denies the name, or says nothing. */
class NameServer {
  readonly asked: string[] = [];
  a: readonly string[] | 'denied' | 'silent' = [];
  aaaa: readonly string[] | 'denied' | 'silent' = [];
  private readonly socket: Socket = createSocket('udp4');

  async start(): Promise<string> {
    this.socket.on('message', (query, { port, address }) => {
      const answer = this.answer(query);
      if (answer !== null) this.socket.send(answer, port, address);
    });
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    return `127.0.0.1:${this.socket.address().port}`;
  }

  stop(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer | null {
    const nameEnd = query.indexOf(0, 12) + 1;
    const typeCode = query.readUInt16BE(nameEnd);
    const type = types[typeCode];
    if (type === undefined) return null;
    this.asked.push(type);
    const known = type === 'A' ? this.a : this.aaaa;
    if (known === 'silent') return null;
    const addresses = known === 'denied' ? [] : known;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (known === 'denied' ? noSuchName : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    const records = addresses.map((address) => {
      const data =
        type === 'A'
          ? Buffer.from(address.split('.').map(Number))
          : Buffer.from(
              address
                .split(':')
                .map((group) => group.padStart(4, '0'))
                .join(''),
              'hex',
            );
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(typeCode, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    return Buffer.concat([head, query.subarray(12, nameEnd + 4), ...records]);
  }
}

describe('the look-up of a name', () => {
  const { outboundOf } = useOutbound();
  let server: NameServer;
  let address: string;

  beforeEach(async () => {
    server = new NameServer();
    address = await server.start();
  });
  afterEach(() => server.stop());

  const resolver = () => resolverBy({ servers: [address], timeoutMs: 100 });
  const check = async () => await outboundOf({ resolve: resolver() }).check('https://hook.example.com/');

  it('asks DNS for both families, and the addresses of both are judged', async () => {
    server.a = ['93.184.216.34'];
    server.aaaa = ['fd00:0:0:0:0:0:0:1'];
    expect(await check()).to.include({ rule: 'private' });
    expect(server.asked).to.have.members(['A', 'AAAA']);
    expect(await resolver()('hook.example.com')).to.deep.equal(['93.184.216.34', 'fd00::1']);
    server.aaaa = [];
    expect(await check()).to.equal(null);
  });

  it('asks the system, and so the hosts file, for a name that DNS denies', async () => {
    server.a = server.aaaa = 'denied';
    const addresses = await resolver()('localhost');
    expect(addresses).to.not.have.length(0);
    for (const found of addresses) expect(['127.0.0.1', '::1']).to.include(found);
    expect(addresses.every((found) => net.isIP(found) !== 0)).to.equal(true);
  });

  it("leaves the system's few look-up threads alone when a name server stalls", async () => {
    server.a = server.aaaa = 'silent';
    // The system would know this name.
    const error = await resolver()('localhost').catch((thrown: Error) => thrown.message);
    expect(error).to.equal('ETIMEOUT');
    expect(new Set(server.asked)).to.deep.equal(new Set(['A', 'AAAA']));
  });
});
