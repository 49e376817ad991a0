import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Field, ID, Info, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { invalid, validationFailed } from '../platform/errors.js';
import { bulky, Costs, listInRow } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { sha256 } from './documents.js';
import { documentsMax, requireTrustable } from './trustable.js';
import {
  documentCursor,
  isDocumentId,
  type TrustedDocument,
  type TrustedDocumentService,
} from '../api-keys/trusted-document.service.js';

@ObjectType('TrustedDocument', {
  description: 'A document that programs may run by its id alone.',
  simpleResolvers: true,
})
class TrustedDocumentType {
  @Field(() => ID, { description: '`sha256:` and the SHA-256 of the text, in hexadecimal.' })
  documentId!: string;

  @Costs(bulky)
  @Field(() => String, { description: 'The document.' })
  text!: string;

  @Field(() => DateTime, { description: 'Since when it is trusted.' })
  createdAt!: Date;
}

const TrustedDocumentConnection = connectionType('TrustedDocument', TrustedDocumentType);

@InputType('TrustDocumentsInput', { description: 'Documents to trust.' })
class TrustDocumentsInput {
  @Field(() => [String], {
    description: 'Their texts, at most 100 of 64 KiB; each must be valid and within the limits.',
  })
  documents!: string[];
}

@InputType('DistrustDocumentsInput', { description: 'Documents to trust no longer.' })
class DistrustDocumentsInput {
  @Field(() => [ID], { description: 'Their ids, `sha256:…`, at most 100.' })
  documentIds!: string[];
}

@ObjectType('TrustDocumentsPayload', { description: 'What is trusted now.', simpleResolvers: true })
class TrustDocumentsPayload {
  @Costs(listInRow)
  @Field(() => [ID], { description: 'The ids of the documents sent, in their order.' })
  documentIds!: string[];
}

@ObjectType('DistrustDocumentsPayload', { description: 'What is trusted no longer.', simpleResolvers: true })
class DistrustDocumentsPayload {
  @Costs(listInRow)
  @Field(() => [ID], { description: 'The ids that were sent.' })
  documentIds!: string[];
}

@Resolver()
export class TrustedDocumentsResolver {
  constructor(private readonly trusted: TrustedDocumentService) {}

  @Query(() => TrustedDocumentConnection, {
    description: 'What the workspace trusts, newest first. For Owners and Admins.',
  })
  async trustedDocuments(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<TrustedDocument>> {
    const { actor } = context;
    actor.requireRole('ADMIN');
    const page = connectionPage(args, documentCursor);
    const found = await this.trusted.list(actor, page, context.selects('text'));
    return connectionOf(page, found, async () => this.trusted.count(actor));
  }

  @Costs({ pointForEach: { list: 'documents', max: documentsMax } })
  @Mutation(() => TrustDocumentsPayload, {
    description: 'Trusts documents. `plan_limit_exceeded` (`trusted_documents`) beyond 1,000. For Owners and Admins.',
  })
  async trustDocuments(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => TrustDocumentsInput, { description: 'The documents.' }) { documents }: TrustDocumentsInput,
    @Info() { schema }: GraphQLResolveInfo,
  ): Promise<TrustDocumentsPayload> {
    actor.requireRole('ADMIN');
    atMost('documents', documents);
    await requireTrustable(schema, documents);
    await this.trusted.trust(actor, documents);
    return { documentIds: documents.map((text) => `sha256:${sha256(text)}`) };
  }

  @Mutation(() => DistrustDocumentsPayload, { description: 'Trusts documents no longer. For Owners and Admins.' })
  async distrustDocuments(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DistrustDocumentsInput, { description: 'Which ones.' }) { documentIds }: DistrustDocumentsInput,
  ): Promise<DistrustDocumentsPayload> {
    actor.requireRole('ADMIN');
    atMost('documentIds', documentIds);
    const malformed = documentIds.flatMap((id, index) =>
      isDocumentId(id)
        ? []
        : { path: `documentIds.${index}`, message: 'is no id of a document', code: 'bad_format' as const },
    );
    if (malformed.length > 0) throw validationFailed(malformed);
    await this.trusted.distrust(actor, documentIds);
    return { documentIds };
  }
}

function atMost(path: string, list: readonly string[]): void {
  if (list.length > documentsMax) throw invalid(path, 'too_long', `must have at most ${documentsMax} entries`);
}
