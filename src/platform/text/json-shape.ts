/** Beside what is kept, which is held to less: nobody's request needs more, and parsing them takes long. */
export const jsonValuesMax = 60_000;
/** Deeper than this is parsed for nobody; what is refused below it is told its path. */
const levelsMax = 500;
/** Within so many characters nothing takes long. */
const smallCharactersMax = 16_384;

const [quote, backslash, comma, braceOpen, braceClose, bracketOpen, bracketClose] = [...'"\\,{}[]'].map((character) =>
  character.charCodeAt(0),
);

/**
 * Why a text is parsed for nobody, valid or not, as the end of a sentence; null when it may be. A megabyte of brackets
 * keeps the parser for 60 ms, and one of short keys for 100; this look takes 2.
 */
export function oversized(text: string): string | null {
  if (text.length <= smallCharactersMax) return null;
  let level = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === comma) values += 1;
    else if (code === braceOpen || code === bracketOpen) level += 1;
    else if (code === braceClose || code === bracketClose) level -= 1;
    if (level > levelsMax) return `must not be nested deeper than ${levelsMax} levels`;
    if (values > jsonValuesMax) return `must not hold more than ${jsonValuesMax} values`;
  }
  return null;
}

/** Of its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
}
