import { paths } from '../../paths';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { CodeBlock } from '../../ui/Code';
import { CopyButton } from '../../ui/CopyButton';
import { Card } from '../../ui/Facts';
import { plainJson } from '../../ui/StrangerText';
import type { SchemaItem, WholeBot } from './Bot';
import { botStatuses } from './bots';
import { isField } from './fields';

/** How programs and people send answers to a bot. */
export function PostToBot({ bot }: { bot: WholeBot }) {
  const { role, workspace } = useViewer();
  const { id, shareUrl, status, schema } = bot;
  return (
    <>
      {status !== 'ACTIVE' && (
        <p className="hint">
          The bot is {botStatuses[status][1].toLowerCase()}: until it is active, what is posted to it is refused.
        </p>
      )}
      <Card
        title="From a program"
        aside={
          <ButtonLink
            isSmall
            to={paths.newApiKey}
            why={workspace.limits.api ? whyNotAdmin(role) : 'This plan has no API.'}
          >
            Create key
          </ButtonLink>
        }
      >
        <p className="post-words">
          Put a key with the scope <code>write:intake-bots</code> into the environment as <code>IOZEN_API_KEY</code>,
          then run this. It sends a test submission, which fires webhooks and counts towards no limit.
        </p>
        <CodeBlock label="curl command" text={curlOf(id, shareUrl, schema)} />
      </Card>
      <Card title="By its link" aside={<CopyButton isSmall text={shareUrl} label="Copy link" />}>
        <p className="post-words">Where people fill it in.</p>
        <code className="post-link">{shareUrl}</code>
      </Card>
    </>
  );
}

const optionalShown = 4;

/** A call that answers each required field, and a few others, with an example of its type. */
function curlOf(id: string, shareUrl: string, schema: readonly SchemaItem[]): string {
  const server = shareUrl.slice(0, -`/f/${id}`.length);
  const fields = schema.filter((item) => isField(item) && item.name !== '');
  const optional = fields.filter(({ required }) => !required).slice(0, optionalShown);
  const shown = fields.filter((field) => field.required || optional.includes(field));
  const data = Object.fromEntries(shown.map((field) => [field.name, exampleOf(field)]));
  return [
    `curl --fail-with-body --silent --show-error \\`,
    `  ${quoted(`${server}/api/v1/intake-bots/${id}/submissions`)} \\`,
    `  --header "Authorization: Bearer $IOZEN_API_KEY" \\`,
    `  --header 'Content-Type: application/json' \\`,
    `  --data ${quoted(plainJson({ is_test: true, data }).replaceAll('\n', '\n  '))}`,
  ].join('\n');
}

/** A text as a shell takes it whole. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const exampleText = 'An example';

function exampleOf({ type, options, min, max, minLength, maxLength }: SchemaItem): unknown {
  const number = Math.min(max ?? Infinity, Math.max(min ?? 1, 1));
  const some = Math.max(1, min ?? 1);
  switch (type) {
    case 'email':
      return 'ada@example.com';
    case 'phone':
      return '+12125550147';
    case 'url':
      return 'https://example.com/';
    case 'number':
      return number;
    case 'date':
      return '2026-01-15';
    case 'boolean':
      return true;
    case 'select':
      return options?.[0] ?? '';
    case 'multi_select':
      return options?.slice(0, some) ?? [];
    case 'file':
      return Array.from({ length: some }, (_, at) => `https://example.com/${at + 1}.pdf`);
    case 'geolocation':
      return '52.52,13.405';
    default:
      return exampleText.padEnd(minLength ?? 0, '.').slice(0, maxLength ?? undefined);
  }
}
