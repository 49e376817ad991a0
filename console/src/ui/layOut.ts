const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const charactersMax = 200_000;

/**
 * JSON over several lines, as people read it; what is no JSON, as it is. Texts and numbers stay as they were written: to
 * parse and print them again would change large numbers.
 */
export function layOut(text: string): string {
  if (text.length > charactersMax || !isJson(text)) return text;
  const tokens = text.match(token) ?? [];
  const lines = [''];
  let depth = 0;
  const add = (part: string) => void (lines[lines.length - 1] += part);
  const breakLine = () => void lines.push('  '.repeat(depth));
  tokens.forEach((one, at) => {
    const isOpening = one === '{' || one === '[';
    const isClosing = one === '}' || one === ']';
    const isEmpty = isClosing && (tokens[at - 1] === '{' || tokens[at - 1] === '[');
    if (isClosing) depth -= 1;
    if (isClosing && !isEmpty) breakLine();
    add(one === ':' ? ': ' : one);
    if (isOpening) depth += 1;
    const next = tokens[at + 1];
    if (one === ',' || (isOpening && next !== '}' && next !== ']')) breakLine();
  });
  return lines.join('\n');
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
