import { plain } from './html.js';

/**
 * A page of the reference as Markdown, for programs, made of its HTML: whatever the page says, this says. It knows the
 * elements that our pages are made of; a table's rows stay rows, and code stays as it is.
 */
export function markdownOf(html: string): string {
  const blocks: string[] = [];
  // No page holds this character. A block is away until the end, so that nothing takes its text for an element.
  const kept = (block: string) => `\0${blocks.push(block) - 1}\0`;
  const marked = html
    .replace(
      /<figure class="code"(?: data-language="(\w+)")?>(?:<figcaption>(.*?)<\/figcaption>)?<pre[^>]*><code>(.*?)<\/code><\/pre><\/figure>/gs,
      (_, language: string | undefined, caption: string | undefined, code: string) =>
        kept(`${caption === undefined ? '' : `${plain(caption)}:\n\n`}\`\`\`${language ?? ''}\n${plain(code)}\n\`\`\``),
    )
    .replace(/<table>(.*?)<\/table>/gs, (_, table: string) => kept(tableOf(table)))
    .replace(/ <a class="anchor".*?<\/a>/g, '')
    .replace(/<h(\d)[^>]*>(.*?)<\/h\1>/gs, (_, level: string, text: string) => {
      return kept(`${'#'.repeat(Number(level))} ${inline(text)}`);
    })
    .replace(/<summary>(.*?)<\/summary>/gs, (_, text: string) => kept(`**${inline(text)}**`))
    .replace(/<li(?: [^>]*)?>(.*?)<\/li>/gs, (_, text: string) => kept(`- ${inline(text)}`))
    .replace(/<p(?: [^>]*)?>(.*?)<\/p>/gs, (_, text: string) => kept(inline(text)));
  const inOrder = [...marked.matchAll(/\0(\d+)\0/g)].map(([, at]) => blocks[Number(at)] ?? '');
  return `${inOrder.filter((block) => block !== '').join('\n\n')}\n`;
}

function tableOf(table: string): string {
  const rows = [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => inline(cell).replaceAll('|', '\\|')),
  );
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}

/** Text with code, links and bold words; whatever else it holds is left out, and its words stay. */
function inline(html: string): string {
  const marked = html
    .replace(/<code[^>]*>(.*?)<\/code>/gs, (_, text: string) => `\`${text.replace(/<[^>]+>/g, '')}\``)
    .replace(/<(b|strong)(?: [^>]*)?>(.*?)<\/\1>/gs, '**$2**')
    .replace(
      /<a [^>]*href="([^"]+)"[^>]*>(.*?)<\/a>/gs,
      (_, href: string, text: string) => `[${text}](${linkOf(href)})`,
    )
    .replace(/<li(?: [^>]*)?>/g, ' ');
  return plain(marked).replace(/\s+/g, ' ').trim();
}

/** Who reads Markdown goes on in Markdown. */
const linkOf = (href: string) => href.replace(/^(\/docs\/[\w/-]+)(?=#|$)/, '$1.md');
