import net from 'node:net';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Certificate } from './certificates.js';

/** A receiver on loopback that answers however it is told, byte by byte. */
export interface RawReceiver {
  port: number;
  /** `http://127.0.0.1:…/hook`, or https. */
  url: string;
  /** Connections accepted so far. */
  connections: number;
  /** Every request as it came, head and body. */
  requests: string[];
  /** Connections open now. */
  readonly open: number;
  readonly sockets: ReadonlySet<net.Socket>;
  /** Of each TLS connection: the name asked for, false for none, and the protocol agreed on. */
  handshakes: { servername: unknown; protocol: unknown }[];
  /** Resolves once the connections open now are closed. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** Called for each whole request; `index` counts those of its connection from 0. */
export type Answer = (socket: net.Socket, index: number) => void;

export async function startReceiver(answer: Answer, certificate?: Certificate): Promise<RawReceiver> {
  const sockets = new Set<net.Socket>();
  const onConnection = (socket: net.Socket) => {
    let received = '';
    let index = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < head + 4 + length) return;
      receiver.requests.push(received.slice(0, head + 4 + length));
      received = received.slice(head + 4 + length);
      answer(socket, index);
      index += 1;
    });
  };
  const server =
    certificate === undefined
      ? net.createServer(onConnection)
      : tls.createServer({ ...certificate, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
          receiver.handshakes.push({ servername: socket.servername, protocol: socket.alpnProtocol });
          onConnection(socket);
        });
  server.on('connection', (socket: net.Socket) => {
    receiver.connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const receiver: RawReceiver = {
    port,
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hook`,
    connections: 0,
    requests: [],
    sockets,
    handshakes: [],
    get open() {
      return sockets.size;
    },
    allClosed: async () => {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return receiver;
}

const ok = 'HTTP/1.1 200 OK\r\n';

/** Writes for as long as the socket lives, never faster than it is read. */
function pour(socket: net.Socket, text: string): void {
  const chunk = Buffer.from(text.repeat(Math.ceil(0x4000 / text.length)));
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

function drip(socket: net.Socket, text: string, everyMs: number): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || sent === text.length) return clearInterval(timer);
    socket.write(text.charAt(sent));
    sent += 1;
  }, everyMs);
}

export function status(code: number, headers = ''): Answer {
  return (socket) => socket.write(`HTTP/1.1 ${code} Whatever\r\n${headers}Content-Length: 5\r\n\r\nsorry`);
}

/** In two pieces that arrive apart. */
export function bodyOf(body: Buffer, headers = ''): Answer {
  return (socket) => {
    socket.write(`${ok}${headers}Content-Length: ${body.length}\r\n\r\n`);
    socket.write(body.subarray(0, 20_000), () => setTimeout(() => socket.write(body.subarray(20_000)), 10));
  };
}

/** 64 MB in 64 KB. */
const bomb = gzipSync(Buffer.alloc(64 * 1_024 * 1_024));

export const zoo = {
  fine: (socket) => socket.write(`${ok}Content-Length: 2\r\n\r\nok`),
  http10: (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nold but fine'),
  silence: () => {},
  oneByteAtATime: (socket) => drip(socket, `${ok}Content-Length: 2\r\n\r\nok`, 40),
  silenceInBody: (socket) => socket.write(`${ok}Content-Length: 100\r\n\r\nsome`),
  silenceInBodyOf410: (socket) => socket.write('HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nsome'),
  resetAtOnce: (socket) => socket.resetAndDestroy(),
  resetInBody: (socket) =>
    socket.write(`${ok}Content-Length: 100\r\n\r\nsome`, () => setImmediate(() => socket.resetAndDestroy())),
  endInBody: (socket) => socket.end(`${ok}Content-Length: 100\r\n\r\nsome`),
  garbage: (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'),
  upgrade: (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
  endlessBody: (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
    pour(socket, `1000\r\n${'x'.repeat(0x1000)}\r\n`);
  },
  endlessBodyOf500: (socket) => {
    socket.write('HTTP/1.1 500 Oh\r\n\r\n');
    pour(socket, 'x');
  },
  gzipBomb: (socket) => {
    socket.write(`${ok}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  },
  redirectLoop: (socket) =>
    socket.write(
      `HTTP/1.1 308 Again\r\nLocation: http://127.0.0.1:${socket.localPort}/hook\r\nContent-Length: 0\r\n\r\n`,
    ),
  oneByteOfBodyAtATime: (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
    drip(socket, '1\r\nx\r\n'.repeat(1_000), 40);
  },
  endlessReason: (socket) => {
    socket.write('HTTP/1.1 200 ');
    pour(socket, 'x');
  },
  endlessHeaders: (socket) => {
    socket.write(ok);
    pour(socket, `X-More: ${'x'.repeat(100)}\r\n`);
  },
  endlessHeader: (socket) => {
    socket.write(`${ok}X-More: `);
    pour(socket, 'x');
  },
  endlessInformation: (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  endlessChunkExtension: (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n1;`);
    pour(socket, 'x');
  },
  endlessTrailer: (socket) => {
    socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n`);
    pour(socket, `X-More: ${'x'.repeat(100)}\r\n`);
  },
} satisfies Record<string, Answer>;
