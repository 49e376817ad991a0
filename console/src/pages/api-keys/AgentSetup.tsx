import type { ReactNode } from 'react';
import { CodeBlock } from '../../ui/Code';
import { Tabs } from '../../ui/Tabs';

interface Connection {
  url: string;
  secret: string;
}

interface Client {
  name: string;
  label: string;
  /** Where the text goes. */
  where: ReactNode;
  textOf(connection: Connection): string;
}

const json = (value: object) => JSON.stringify(value, null, 2);
const headersOf = ({ secret }: Connection) => ({ Authorization: `Bearer ${secret}` });

const clients: readonly Client[] = [
  {
    name: 'claude-code',
    label: 'Claude Code',
    where: 'Run this in a terminal: it holds in all your projects.',
    // A shell takes what stands around a question mark for a pattern, unless it is quoted.
    textOf: ({ url, secret }) =>
      `claude mcp add --scope user --transport http iozen '${url}' \\\n  --header 'Authorization: Bearer ${secret}'`,
  },
  {
    name: 'cursor',
    label: 'Cursor',
    where: (
      <>
        Put this into <code>~/.cursor/mcp.json</code>, beside the servers that are there.
      </>
    ),
    textOf: (connection) => json({ mcpServers: { iozen: { url: connection.url, headers: headersOf(connection) } } }),
  },
  {
    name: 'vs-code',
    label: 'VS Code',
    where: (
      <>
        Put this into the file that <b>MCP: Open User Configuration</b> opens, beside the servers that are there.
      </>
    ),
    textOf: (connection) =>
      json({ servers: { iozen: { type: 'http', url: connection.url, headers: headersOf(connection) } } }),
  },
  {
    name: 'codex',
    label: 'Codex',
    where: (
      <>
        Add this to <code>~/.codex/config.toml</code>.
      </>
    ),
    textOf: ({ url, secret }) =>
      `[mcp_servers.iozen]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ${secret}" }`,
  },
];

/** What to paste for an agent to connect with a key that was just made. It holds the key, and goes with the dialog. */
export function AgentSetup({ secret, scopes }: { secret: string; scopes: readonly string[] }) {
  const mayWrite = scopes.some((scope) => !scope.startsWith('read:'));
  const url = `${location.origin}/mcp${mayWrite ? '' : '?read_only=true'}`;
  return (
    <section className="agent-setup">
      <h3>Connect your agent</h3>
      <Tabs label="Agent" tabs={clients}>
        {(chosen) =>
          clients
            .filter(({ name }) => name === chosen)
            .map(({ name, label, where, textOf }) => (
              <div className="agent-client" key={name}>
                <p>{where} The key stands in it: keep it out of what you share or commit.</p>
                <CodeBlock label={`Configuration for ${label}`} text={textOf({ url, secret })} />
              </div>
            ))
        }
      </Tabs>
      {mayWrite && (
        <p className="quiet">
          This key may do more than read. With <code>?read_only=true</code> behind the address the agent is offered what
          reads, and nothing else.
        </p>
      )}
      <p>
        <a href="/docs/agents" target="_blank" rel="noreferrer">
          What to ask it first, and what is sent to whom
        </a>
      </p>
    </section>
  );
}
