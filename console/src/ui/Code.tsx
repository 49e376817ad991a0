import './Code.css';
import { useMemo, useRef, type ReactNode } from 'react';
import { CopyButton } from './CopyButton';
import { StrangerText } from './StrangerText';

interface CodeBlockProps {
  /** What it is, for those who listen: "Answer". */
  label: string;
  /** What the button copies. */
  text: string;
  /** How it looks, where it is not the text itself. */
  children?: ReactNode;
  canCopy?: boolean;
}

/** Text as it went over the line: scrolled, not wrapped. */
export function CodeBlock({ label, text, children, canCopy = true }: CodeBlockProps) {
  const source = useRef<HTMLPreElement>(null);
  return (
    <div className="code">
      <pre ref={source} tabIndex={0} role="group" aria-label={label} translate="no">
        {children ?? <StrangerText text={text} max={codeMax} isBlock />}
      </pre>
      {canCopy && <CopyButton isSmall text={text} source={source} />}
    </div>
  );
}

const codeMax = 20_000;

/** A value of a stranger's, as JSON: keys, texts and numbers told apart. */
export function Json({ label, value, canCopy = true }: { label: string; value: unknown; canCopy?: boolean }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value]);
  return (
    <CodeBlock label={label} text={text} canCopy={canCopy}>
      <StrangerText text={text} max={codeMax} isBlock parts={jsonParts} />
    </CodeBlock>
  );
}

/** A key, a text, or a number, true, false or null. */
const jsonToken = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The parts of a JSON text, for `StrangerText`. */
export function jsonParts(text: string): [text: string, className: string | null][] {
  const parts: [string, string | null][] = [];
  let end = 0;
  for (const match of text.matchAll(jsonToken)) {
    const [whole, quoted, colon] = match;
    if (match.index > end) parts.push([text.slice(end, match.index), null]);
    if (colon !== undefined) parts.push([quoted ?? '', 'code-key'], [colon, null]);
    else parts.push([whole, quoted === undefined ? 'code-value' : null]);
    end = match.index + whole.length;
  }
  parts.push([text.slice(end), null]);
  return parts;
}
