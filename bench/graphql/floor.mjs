// What is left without GraphQL and us: node:http and pg, the same rows, the same bytes.
import { createServer } from 'node:http';
import { createBare, getBots, getSubmission, listSubmissions } from './peer-sql.mjs';
import { ready } from './ready.mjs';

const linked = ({ intakeBotId, ...submission }, bots) => {
  const { id, name } = bots.find((bot) => bot.id === intakeBotId);
  return { ...submission, intakeBot: { id, name } };
};

async function answer({ query, variables }) {
  if (query.startsWith('mutation')) return { created: { submission: await createBare(variables.input) } };
  if (query.includes('submissions(')) {
    const [rows, bots] = [await listSubmissions(variables.id, 50), await getBots([variables.id])];
    return { submissions: { nodes: rows.map((row) => linked(row, bots)) } };
  }
  const row = await getSubmission(variables.id);
  return { submission: linked(row, await getBots([row.intakeBotId])) };
}

async function handle(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = JSON.stringify({ data: await answer(JSON.parse(Buffer.concat(chunks))) });
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

const server = createServer((request, response) => void handle(request, response));
server.listen(0, '127.0.0.1', () => ready(server.address().port));
