import { readFileSync } from 'node:fs';
import { Marked, type Tokens } from 'marked';
import { attributionScriptIntegrity } from '../http/attribution-script.js';
import { codeBlock } from './code-block.js';
import { code, heading, plain, slugOf, table } from './html.js';
import type { DocsPage, Place } from './page.js';

/** The guides, in the order in which people need them. */
const guideNames = [
  'getting-started',
  'authentication',
  'errors',
  'rate-limits',
  'limits',
  'pagination',
  'idempotency',
  'webhooks',
  'webhook-troubleshooting',
  'graphql',
  'moving-to-graphql',
  'syncing',
  'agents',
  'integrations/attribution',
  'integrations/meta',
  'integrations/google',
  'integrations/linkedin',
  'integrations/tiktok',
  'personal-data',
  'operating',
  'changelog',
] as const;

const docs = new URL('../../../docs/', import.meta.url);

export interface Guide extends DocsPage {
  name: string;
  /** As it is written, with the address of this server, for programs. */
  readonly markdown: string;
  /** Its headings, as far as they are searched for. */
  places: () => Place[];
}

/** The address that guides are written with; a server shows its own. */
const writtenUrl = 'https://iozen.example.com';

/** @param publicUrl of the server, once it listens */
export function readGuides(publicUrl: () => string): Guide[] {
  return guideNames.map((name) => {
    const file = readFileSync(new URL(`${name}.md`, docs), 'utf8');
    const written = file.replaceAll('sha384-HASH', attributionScriptIntegrity);
    const markdown = () => written.replaceAll(writtenUrl, publicUrl());
    const title = /^# (.+)$/m.exec(written)?.[1] ?? name;
    return {
      name,
      path: `/docs/${name}`,
      title,
      about: aboutOf(written),
      part: 'Guides',
      get markdown() {
        return markdown();
      },
      html: () => htmlOf(name, markdown()),
      places: () => placesIn(name, title, written),
    };
  });
}

/** The first sentence. */
function aboutOf(markdown: string): string {
  const [, paragraph = ''] = /^# .+\n\n(?:```[\s\S]*?```\n\n)?((?!```)[^\n|][\s\S]*?)\n\n/.exec(markdown) ?? [];
  const text = paragraph
    .replace(/\s+/g, ' ')
    .replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .replace(/[`*]/g, '');
  return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

function htmlOf(name: string, markdown: string): string {
  const idOf = idsOnce();
  const marked = new Marked();
  marked.use({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        const text = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1>${text}</h1>`;
        return heading(Math.min(depth, 4) as 2 | 3 | 4, idOf(plain(text)), text);
      },
      code: ({ lang = '', text }: Tokens.Code) => codeBlock(lang.split(' ')[0] ?? '', text),
      codespan: ({ text }: Tokens.Codespan) => code(text),
      table({ header, rows }: Tokens.Table): string {
        const cell = ({ tokens }: Tokens.TableCell) => this.parser.parseInline(tokens);
        return table(
          header.map(cell),
          rows.map((row) => row.map(cell)),
        );
      },
      link({ href, tokens }: Tokens.Link): string {
        return `<a href="${addressOf(name, href)}">${this.parser.parseInline(tokens)}</a>`;
      },
    },
  });
  return marked.parse(markdown, { async: false });
}

/** In the repository a guide links to the other's file; here to its page. */
function addressOf(name: string, href: string): string {
  if (/^(https?:|#|\/)/.test(href)) return href.replaceAll('&', '&amp;');
  const { pathname, hash } = new URL(href, `http://localhost/docs/${name}`);
  return pathname.replace(/\.md$/, '') + hash;
}

/** Ids of headings, each once. */
function idsOnce(): (text: string) => string {
  const used = new Map<string, number>();
  return (text) => {
    const slug = slugOf(text);
    const times = used.get(slug) ?? 0;
    used.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  };
}

function placesIn(name: string, title: string, markdown: string): Place[] {
  const idOf = idsOnce();
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '');
  const [intro = '', ...sections] = prose.split(/^(?=#{2,4} )/m);
  // It is searched and never shown: each word once.
  const textOf = (section: string) =>
    [...new Set(section.replace(/^#.*$|\]\([^)]+\)/gm, '').match(/[\p{L}\p{N}_]{2,}/gu))].join(' ');
  return [
    { href: `/docs/${name}`, title, kind: 'Guide', text: textOf(intro) },
    ...sections.map((section) => {
      const [, words = ''] = /^#+ (.+)$/m.exec(section) ?? [];
      const text = words.replaceAll('`', '');
      return { href: `/docs/${name}#${idOf(text)}`, title: text, kind: title, text: textOf(section) };
    }),
  ];
}
