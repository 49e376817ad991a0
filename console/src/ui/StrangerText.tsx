import './StrangerText.css';
import { Fragment, useState } from 'react';
import { Button } from './Button';

/**
 * Characters that are not seen, or that change how others are read: controls, zero-width ones, marks of direction, halves of
 * pairs, tags. Joiners stay: Persian and families of emoji are written with them.
 */
const unseen =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g;
const names: Readonly<Record<string, string>> = {
  '0': 'NUL',
  '9': 'TAB',
  d: 'CR',
  '1b': 'ESC',
  '200b': 'ZWSP',
  '200e': 'LRM',
  '200f': 'RLM',
  '202a': 'LRE',
  '202b': 'RLE',
  '202c': 'PDF',
  '202d': 'LRO',
  '202e': 'RLO',
  '2066': 'LRI',
  '2067': 'RLI',
  '2068': 'FSI',
  '2069': 'PDI',
  feff: 'BOM',
};

/** Whether a text has characters that are not seen, or that change how others are read. */
export const hasUnseen = (text: string): boolean => text.search(unseen) !== -1;

/** The start of such a text where there is room for text alone, as in a page's title: what cannot be seen is left out. */
export function plainText(text: string, max = 80): string {
  const plain = text
    .slice(0, max * 2)
    .replaceAll(unseen, '')
    .trim();
  return plain.length <= max && text.length <= max * 2 ? plain : `${cutAt(plain, max)}…`;
}

/** JSON in which everything unseen is written as an escape: what is read is what is sent. */
export const plainJson = (value: unknown): string =>
  (JSON.stringify(value, null, 2) ?? 'null').replaceAll(unseen, (marks) =>
    marks
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

interface StrangerTextProps {
  text: string;
  /** So many characters are shown at first; more where somebody asks, in a block. */
  max?: number;
  /** A text of many lines: line breaks and tabs are what they are, and the rest can be asked for. */
  isBlock?: boolean;
  /** Splits the text into parts with classes of their own. */
  parts?(text: string): [text: string, className: string | null][];
}

const growth = 8;
/** As long as the words that stand for what is cut off. */
const cutWorth = 10;
const whole = (text: string): [string, null][] => [[text, null]];

/**
 * Text that somebody outside wrote: as text alone, of a bounded length, with what cannot be seen named, and with a direction
 * of its own. All such text goes through here.
 */
export function StrangerText({ text, max = 200, isBlock = false, parts = whole }: StrangerTextProps) {
  const [shown, setShown] = useState(max);
  const cut = text.length - shown < cutWorth ? text : cutAt(text, shown);
  const left = text.length - cut.length;
  return (
    <>
      <bdi>
        {parts(cut).map(([part, className], at) => (
          // oxlint-disable-next-line react/no-array-index-key -- a text's parts have no other name than their place.
          <Part key={at} text={part} className={className} isBlock={isBlock} />
        ))}
      </bdi>
      {left > 0 && <span className="text-cut">{`… ${left.toLocaleString()} more`}</span>}
      {left > 0 && isBlock && (
        <Button isSmall onClick={() => setShown(shown * growth)}>
          Show more
        </Button>
      )}
    </>
  );
}

/** The start of a text, no character of two halves cut in two. */
const cutAt = (text: string, max: number) =>
  text.length <= max ? text : text.slice(0, max).replace(/[\ud800-\udbff]$/, '');

interface PartProps {
  text: string;
  className: string | null;
  isBlock: boolean;
}

function Part({ text, className, isBlock }: PartProps) {
  const found = [...text.matchAll(unseen)].filter(([mark]) => !(isBlock && (mark === '\t' || mark === '\r')));
  const pieces = found.map((match, at) => {
    const [mark] = match;
    const before = text.slice(at === 0 ? 0 : endOf(found[at - 1]), match.index);
    return [before, <Unseen key={match.index} mark={mark} />];
  });
  const rest = text.slice(endOf(found.at(-1)));
  const content = found.length === 0 ? (isBlock ? text : breakable(text)) : [...pieces.flat(), rest];
  return className === null ? <>{content}</> : <span className={className}>{content}</span>;
}

/** Where an address is best broken, if it has to be: behind a slash, and before what follows its path or its name. */
const breaks = /(?<=[^\s/]\/)(?=[^\s/])|(?<=\w)(?=[?&@]\w)/;

const breakable = (text: string) =>
  text.split(breaks).map((piece, at) => (
    // oxlint-disable-next-line react/no-array-index-key -- a text's pieces have no other name than their place.
    <Fragment key={at}>
      {at > 0 && <wbr />}
      {piece}
    </Fragment>
  ));

const endOf = (match: RegExpExecArray | undefined) => (match === undefined ? 0 : match.index + match[0].length);

function Unseen({ mark }: { mark: string }) {
  const code = (mark.codePointAt(0) ?? 0).toString(16);
  const name = `U+${code.toUpperCase().padStart(4, '0')}`;
  return (
    <span className="unseen" title={name}>
      {names[code] ?? name}
    </span>
  );
}
