// A subscriber in a process of its own: answers at once and keeps when what arrived. `/slow…` is never answered.
// It does as little as HTTP allows, since in life it is on another machine: with `node:http` it took a quarter of this
// one, and pauses of its garbage collector were everybody's. `receiver.mjs [ms until it answers] [addresses]`
import { once } from 'node:events';
import { createServer } from 'node:net';

const [delayMs = 0, addresses = 1] = process.argv.slice(2).map(Number);

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

let arrivals = [];
let count = 0;

/** Requests of one connection as they are sent here: one at a time, the length of the body told. */
function receive(socket) {
  let waiting = null;
  socket.setNoDelay(true).on('error', () => {});
  socket.on('data', (chunk) => {
    const at = performance.timeOrigin + performance.now();
    const request = waiting === null ? chunk : Buffer.concat([waiting, chunk]);
    const bodyAt = request.indexOf('\r\n\r\n') + 4;
    const isWhole = bodyAt >= 4 && request.length >= bodyAt + Number(field(request, 'content-length'));
    waiting = isWhole ? null : request;
    if (!isWhole || request.indexOf(' /slow') !== -1) return;
    count += 1;
    arrivals.push(field(request, 'webhook-id'), at);
    if (delayMs === 0) socket.write(answer);
    else setTimeout(() => socket.write(answer), delayMs);
  });
}

function field(request, name) {
  const start = request.indexOf(`\n${name}: `) + name.length + 3;
  return request.latin1Slice(start, request.indexOf('\r', start));
}

let port = 0;
for (let host = 1; host <= addresses; host += 1) {
  const server = createServer(receive).listen(port, `127.0.0.${host}`);
  await once(server, 'listening');
  ({ port } = server.address());
}
process.send({ port });
process.on('message', (message) => {
  if (message === 'count') process.send({ count });
  else {
    process.send({ arrivals });
    arrivals = [];
    count = 0;
  }
});
process.on('disconnect', () => process.exit());
