// A subscriber in a process of its own: answers at once and keeps when what arrived. `/slow…` is never answered.
import { createServer } from 'node:http';

let arrivals = [];
let count = 0;
const server = createServer((request, response) => {
  const at = performance.timeOrigin + performance.now();
  request.resume();
  if (request.url.startsWith('/slow')) return;
  count += 1;
  arrivals.push([request.headers['webhook-id'], at]);
  request.on('end', () => response.end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (message) => {
  if (message === 'count') process.send({ count });
  else {
    process.send({ arrivals });
    arrivals = [];
    count = 0;
  }
});
process.on('disconnect', () => process.exit());
