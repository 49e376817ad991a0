export const escape = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A name may not be broken: one that is wider than a phone is scrolled. */
const wideChars = 38;

/** Code within a sentence. Between its words a line may end, within a word never. */
export function code(text: string): string {
  const words = text.trim().split(/\s+/).map(escape);
  const marked = (word: string, tag: 'code' | 'span') => {
    const isWide = plain(word).length > wideChars;
    return `<${tag}${isWide ? ' class="wide" tabindex="0"' : ''}>${word}</${tag}>`;
  };
  if (words.length === 1) return marked(words[0] ?? '', 'code');
  return `<code class="words">${words.map((word) => marked(word, 'span')).join(' ')}</code>`;
}

/** A description, in which backquotes hold code. */
export const inline = (text: string) =>
  text
    .split(/`([^`]+)`/)
    .map((part, at) => (at % 2 === 1 ? code(part) : escape(part)))
    .join('');

/** The id of a heading, as GitHub makes it: links to it work in the repository and here. */
export const slugOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/<[^>]+>|&\w+;/g, '')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

export const heading = (level: 2 | 3 | 4, id: string, text: string) =>
  `<h${level} id="${id}">${text} <a class="anchor" href="#${id}" aria-label="Link to ${escape(plain(text))}">#</a></h${level}>`;

/** A text without its marks. */
export const plain = (html: string) =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** On a phone each row is stacked, and each cell labelled by its column. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = columns.map((column) => `<th scope="col">${column}</th>`).join('');
  const body = rows.map((cells) => {
    const row = cells.map((cell, at) => `<td data-label="${escape(plain(columns[at] ?? ''))}">${cell}</td>`);
    return `<tr>${row.join('')}</tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}
