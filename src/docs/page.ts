/** A page of the site, before it stands in the layout. */
export interface DocsPage {
  /** From the root, such as `/docs/webhooks`. */
  path: string;
  title: string;
  /** One sentence: what the page is for. */
  about: string;
  /** The part of the site that it belongs to. */
  part: 'Guides' | 'REST' | 'GraphQL' | 'Events';
  /** Made when somebody first asks for it. */
  html: () => string;
}

/** What can be searched for: a page, or a place in it. */
export interface Place {
  href: string;
  title: string;
  /** Where it is found, such as `GraphQL mutation`. */
  kind: string;
  text: string;
}
