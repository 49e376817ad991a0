import {
  ResourceNotFoundError,
  type ReadResourceResult,
  type Resource,
  type ResourceTemplateType,
} from '@modelcontextprotocol/server';

export interface GuidePage {
  /** Such as `webhooks`, or `integrations/meta`. */
  name: string;
  title: string;
  about: string;
  markdown: string;
}

interface Text {
  mimeType: string;
  text: () => string;
}

const docsUri = 'iozen://docs/';

/** What anybody may read of the product: the guides, and what both other doors say of themselves. */
export class Resources {
  private readonly listed: Resource[];
  private readonly texts: ReadonlyMap<string, Text>;

  constructor(guides: readonly GuidePage[], schema: string, openApi: () => string) {
    const graphql = 'iozen://schema.graphql';
    const rest = 'iozen://openapi.json';
    this.listed = [
      ...guides.map(({ name, title, about }) => {
        return { uri: docsUri + name, name: `docs/${name}`, title, description: about, mimeType: 'text/markdown' };
      }),
      { uri: graphql, name: 'schema.graphql', title: 'The GraphQL schema', mimeType: 'application/graphql' },
      { uri: rest, name: 'openapi.json', title: 'The OpenAPI document of REST', mimeType: 'application/json' },
    ];
    this.texts = new Map<string, Text>([
      ...guides.map((guide): [string, Text] => {
        return [docsUri + guide.name, { mimeType: 'text/markdown', text: () => guide.markdown }];
      }),
      [graphql, { mimeType: 'application/graphql', text: () => schema }],
      [rest, { mimeType: 'application/json', text: openApi }],
    ]);
  }

  list(): Resource[] {
    return this.listed;
  }

  templates(): ResourceTemplateType[] {
    const description = 'A page of the documentation, in Markdown.';
    return [
      {
        uriTemplate: `${docsUri}{+page}`,
        name: 'docs',
        title: 'Documentation',
        description,
        mimeType: 'text/markdown',
      },
    ];
  }

  /** @throws -32602 for an address that is not listed */
  read(uri: string): ReadResourceResult {
    const found = this.texts.get(uri);
    if (found === undefined) throw new ResourceNotFoundError(uri, 'No such resource: resources/list has them all.');
    return { contents: [{ uri, mimeType: found.mimeType, text: found.text() }] };
  }
}
