import { useMemo, type ReactNode } from 'react';
import { CodeBlock, jsonParts } from '../../ui/Code';
import { layOut } from '../../ui/layOut';
import { StrangerText } from '../../ui/StrangerText';

export interface Header {
  name: string;
  value: string;
}

interface HttpMessageProps {
  /** What it is, for those who listen. */
  label: string;
  /** The first line, where it is shown. */
  start?: ReactNode;
  headers?: readonly Header[];
  body: string | null;
}

const none: readonly Header[] = [];
const headerMax = 500;
const bodyMax = 20_000;

/** A request or an answer as it went over the line; a JSON body is laid out for reading, and copied as it was. */
export function HttpMessage({ label, start, headers = none, body }: HttpMessageProps) {
  const shown = useMemo(() => layOut(body ?? ''), [body]);
  const hasHead = start !== undefined || headers.length > 0;
  return (
    <CodeBlock label={label} text={body ?? ''} canCopy={Boolean(body)}>
      {start}
      {start && '\n'}
      {headers.map(({ name, value }, at) => (
        // oxlint-disable-next-line react/no-array-index-key -- two headers may have one name.
        <span key={at}>
          <span className="code-key">
            <StrangerText text={name} max={headerMax} />
          </span>
          : <StrangerText text={value} max={headerMax} />
          {'\n'}
        </span>
      ))}
      {hasHead && body && '\n'}
      {body && <StrangerText text={shown} max={bodyMax} isBlock parts={shown === body ? undefined : jsonParts} />}
    </CodeBlock>
  );
}
