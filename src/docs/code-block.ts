import { escape } from './html.js';

const names: Readonly<Record<string, string>> = {
  sh: 'Shell',
  js: 'JavaScript',
  ts: 'TypeScript',
  json: 'JSON',
  python: 'Python',
  go: 'Go',
  php: 'PHP',
  ruby: 'Ruby',
  graphql: 'GraphQL',
};

/** A program or an answer, as it is. What scrolls can be reached by keyboard; a script adds the button that copies. */
export function codeBlock(language: string, text: string, title = names[language] ?? ''): string {
  const caption = title === '' ? '' : `<figcaption>${escape(title)}</figcaption>`;
  const code = `<code>${escape(text.trimEnd())}</code>`;
  return `<figure class="code">${caption}<pre tabindex="0">${code}</pre></figure>`;
}
