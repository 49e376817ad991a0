import { escape } from './html.js';
import type { DocsPage } from './page.js';

interface NavigationLink {
  href: string;
  title: string;
  /** A method of REST before it, or that it is a name. */
  mark?: string;
  isName?: boolean;
}

export interface NavigationPart {
  part: DocsPage['part'];
  title: string;
  links: readonly NavigationLink[];
  /** Shown on pages of the part alone. */
  within: readonly { title: string; links: readonly NavigationLink[] }[];
}

/** A page around its content: it can be read, and every link of it followed, without a script. */
export function layout(page: DocsPage, content: string, navigation: readonly NavigationPart[]): string {
  const isGuide = page.part === 'Guides';
  const headings = isGuide ? [...content.matchAll(/<h2 id="([^"]+)">(.*?) <a class="anchor"/g)] : [];
  const contents =
    headings.length < 2
      ? ''
      : `<aside aria-label="On this page"><strong>On this page</strong><ul>${headings
          .map(([, id = '', text = '']) => `<li><a href="#${id}">${text}</a></li>`)
          .join('')}</ul></aside>`;
  const asMarkdown =
    page.path.split('/').length > 2 ? `<link rel="alternate" type="text/markdown" href="${page.path}.md">` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escape(page.about)}">
<title>${escape(page.title)} – ioZen docs</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">${asMarkdown}
<script src="/docs/page.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="brand" href="/docs"><b>ioZen</b> docs</a>
<search id="search" hidden><input type="search" placeholder="Search" aria-label="Search the documentation" autocomplete="off" role="combobox" aria-expanded="false" aria-controls="found" aria-autocomplete="list"><div id="found" role="listbox" aria-label="Found" hidden></div></search>
<a class="beside" href="/graphql/explorer">Explorer</a>
<a class="beside" href="/console">Console</a>
<button id="theme" type="button" hidden></button>
<button id="open-menu" type="button" popovertarget="menu">Menu</button>
</header>
<nav id="menu" popover aria-label="Documentation">${navigation.map((part) => partOf(part, page)).join('')}${elsewhere}</nav>
<main id="content" class="${page.part.toLowerCase()}"><div class="text">${content}</div>${contents}</main>
</body>
</html>
`;
}

/** What the head has no room for on a phone. */
const elsewhere =
  '<div class="elsewhere"><h2>Elsewhere</h2><ul><li><a href="/graphql/explorer">Explorer</a></li><li><a href="/console">Console</a></li></ul></div>';

function partOf({ part, title, links, within }: NavigationPart, page: DocsPage): string {
  const inside = part === page.part ? within : [];
  const more = inside.map((group) => `<h3>${escape(group.title)}</h3>${listOf(group.links, page)}`);
  return `<h2>${escape(title)}</h2>${listOf(links, page)}${more.join('')}`;
}

const listOf = (links: readonly NavigationLink[], page: DocsPage) =>
  `<ul>${links.map((link) => `<li>${linkOf(link, page)}</li>`).join('')}</ul>`;

function linkOf({ href, title, mark, isName = false }: NavigationLink, page: DocsPage): string {
  const current = href === page.path ? ' aria-current="page"' : '';
  const marked = mark === undefined ? '' : `<b class="method ${mark.toLowerCase()}">${mark}</b> `;
  return `<a href="${href}"${current}${isName ? ' class="name"' : ''}>${marked}${escape(title)}</a>`;
}
