/** The most values in one text: no request needs more, and parsing more takes long. What is kept may have fewer. */
export const jsonValuesMax = 60_000;
/** A text that is nested deeper is not parsed; one that is refused for less depth is told the path. */
const levelsMax = 500;
/** A text of no more characters takes a moment, whatever its shape. */
const smallCharactersMax = 16_384;

const [quote, backslash, comma, braceOpen, braceClose, bracketOpen, bracketClose] = [...'"\\,{}[]'].map((character) =>
  character.charCodeAt(0),
);

/**
 * Why a text must not be parsed, valid or not, as the end of a sentence; null when it may be. A megabyte of brackets keeps
 * the parser busy for 60 ms, and a megabyte of short keys for 100 ms; this look takes 2 ms.
 */
export function oversized(text: string): string | null {
  if (text.length <= smallCharactersMax) return null;
  let level = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = closingQuote(text, at);
    else if (code === comma) values += 1;
    else if (code === braceOpen || code === bracketOpen) level += 1;
    else if (code === braceClose || code === bracketClose) level -= 1;
    if (level > levelsMax) return `must not be nested deeper than ${levelsMax} levels`;
    if (values > jsonValuesMax) return `must not hold more than ${jsonValuesMax} values`;
  }
  return null;
}

/** The place of a string's closing quote, which is the first with an even number of backslashes before it. */
export function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
