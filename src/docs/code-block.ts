import { createRequire } from 'node:module';
import { escape } from './html.js';

/** What readers call a language, and what its highlighter is called. */
const languages: Readonly<Record<string, readonly [title: string, highlighter: string]>> = {
  sh: ['Shell', 'bash'],
  js: ['JavaScript', 'javascript'],
  ts: ['TypeScript', 'typescript'],
  json: ['JSON', 'json'],
  python: ['Python', 'python'],
  go: ['Go', 'go'],
  php: ['PHP', 'php'],
  ruby: ['Ruby', 'ruby'],
  graphql: ['GraphQL', 'graphql'],
  toml: ['TOML', 'ini'],
};

/** As much of highlight.js as is used; its own types would have all that browsers have be known everywhere. */
interface Highlighter {
  registerLanguage: (name: string, language: unknown) => void;
  highlight: (code: string, options: { language: string; ignoreIllegals: boolean }) => { value: string };
}

let highlighter: Highlighter | null = null;

/** Loaded with the first page that shows code: a server whose docs nobody reads goes without. */
function load(): Highlighter {
  const require = createRequire(import.meta.url);
  const core = require('highlight.js/lib/core') as Highlighter;
  for (const [, name] of Object.values(languages)) {
    core.registerLanguage(name, require(`highlight.js/lib/languages/${name}`));
  }
  return core;
}

/** A program or an answer, as it is. What scrolls can be reached by keyboard; a script adds the button that copies. */
export function codeBlock(language: string, text: string, title?: string): string {
  const [name = 'Text', grammar] = languages[language] ?? [];
  // The button that copies stands in the caption's line: beside none, it would lie over the code.
  const caption = `<figcaption>${escape(title ?? name)}</figcaption>`;
  const code = text.trimEnd();
  const marked = grammar === undefined ? escape(code) : highlight(code, grammar);
  return `<figure class="code"${grammar === undefined ? '' : ` data-language="${language}"`}>${caption}<pre tabindex="0"><code>${marked}</code></pre></figure>`;
}

function highlight(code: string, language: string): string {
  highlighter ??= load();
  return highlighter.highlight(code, { language, ignoreIllegals: true }).value.replaceAll('hljs-', '');
}
