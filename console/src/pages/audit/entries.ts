import { graphql } from '../../graphql';
import type { AuditEntryFragment, NamedQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { platformOf } from '../marketing/platforms';

export type Entry = AuditEntryFragment;

export const EntryFields = graphql(`
  fragment AuditEntry on AuditEntry {
    id
    action
    actorId
    actorKind
    address
    createdAt
    details
    subjectId
  }
`);

/** What was done, as a person says it. An action that is not listed shows as it is spelt. */
const words: Readonly<Record<string, string>> = {
  'workspace.created': 'Created the workspace',
  'workspace.updated': 'Renamed the workspace',
  'workspace.agents_switched': 'Switched agents on or off',
  'workspace.plan_changed': 'Changed the plan',
  'workspace.archived': 'Archived the workspace',
  'member.invited': 'Invited a member',
  'invitation.revoked': 'Withdrew an invitation',
  'invitation.voided': 'Voided an invitation',
  'member.joined': 'Joined',
  'member.role_changed': 'Changed a role',
  'member.removed': 'Removed a member',
  'member.password_changed': 'Changed a password',
  'member.signed_in': 'Signed in',
  'member.signed_out_everywhere': 'Signed out everywhere else',
  'session.ended': 'Ended a session',
  'ownership.transferred': 'Handed the workspace over',
  'api_key.created': 'Created a key',
  'api_key.rotated': 'Rotated a key',
  'api_key.revoked': 'Revoked a key',
  'webhook_endpoint.created': 'Created an endpoint',
  'webhook_endpoint.updated': 'Changed an endpoint',
  'webhook_endpoint.paused': 'Paused an endpoint',
  'webhook_endpoint.resumed': 'Resumed an endpoint',
  'webhook_endpoint.deleted': 'Deleted an endpoint',
  'webhook_secret.rotated': "Rotated an endpoint's secret",
  'webhook_delivery.redelivered': 'Redelivered a delivery',
  'replay.started': 'Started a replay',
  'replay.cancelled': 'Cancelled a replay',
  'conversion_destination.created': 'Connected an ad platform',
  'conversion_destination.updated': 'Changed an ad platform',
  'conversion_destination.paused': 'Paused an ad platform',
  'conversion_destination.resumed': 'Resumed an ad platform',
  'conversion_destination.deleted': 'Disconnected an ad platform',
  'conversion_destination.tested': 'Tested an ad platform',
  'conversion.resent': 'Resent a conversion',
  'trusted_documents.added': 'Trusted documents',
  'trusted_documents.removed': 'Distrusted documents',
  'contact.merged': 'Merged contacts',
  'contact.deleted': 'Erased a contact',
  'submission.deleted': 'Deleted a submission',
};
export const actions: readonly string[] = Object.keys(words);
export const actionInWords = (action: string): string => words[action] ?? action;

/** What entries name, as far as it is still there. */
export const Named = graphql(`
  query Named($ids: [ID!]!) {
    nodes(ids: $ids) {
      __typename
      ... on User {
        id
        name
      }
      ... on ApiKey {
        id
        name
      }
      ... on Workspace {
        id
        name
      }
      ... on WebhookEndpoint {
        id
        url
      }
      ... on WebhookDelivery {
        id
      }
      ... on ConversionDestination {
        id
        platform
        intakeBot {
          id
        }
      }
      ... on Contact {
        id
        email
        phone
      }
      ... on Submission {
        id
      }
    }
  }
`);

export interface Thing {
  /** Strangers may have written it. */
  name: string;
  to: string | null;
}

/** What a thing is called, and the page that shows it. */
export function thingOf(node: NamedQuery['nodes'][number]): [id: string, thing: Thing] | null {
  switch (node?.__typename) {
    case 'User':
      return [node.id, { name: node.name, to: paths.members }];
    case 'ApiKey':
      return [node.id, { name: node.name, to: paths.apiKey(node.id) }];
    case 'Workspace':
      return [node.id, { name: node.name, to: paths.workspace }];
    case 'WebhookEndpoint':
      return [node.id, { name: node.url, to: paths.webhook(node.id) }];
    case 'WebhookDelivery':
      return [node.id, { name: 'a delivery', to: paths.delivery(node.id) }];
    case 'ConversionDestination':
      return [
        node.id,
        {
          name: platformOf(node.platform)?.title ?? node.platform,
          to: node.intakeBot === null ? null : paths.botMarketing(node.intakeBot.id),
        },
      ];
    case 'Contact':
      return [node.id, { name: node.email ?? node.phone ?? 'a contact', to: paths.contact(node.id) }];
    case 'Submission':
      return [node.id, { name: 'a submission', to: paths.submission(node.id) }];
    default:
      return null;
  }
}

/** The people, keys and things that entries name, by id. */
export function useThings(entries: readonly Entry[]): ReadonlyMap<string, Thing> {
  const ids = [...new Set(entries.flatMap(({ actorId, subjectId }) => [actorId, subjectId]))].slice(0, idsMax);
  const { data } = useRead(Named, { ids }, { pause: ids.length === 0 });
  return new Map(data?.nodes.flatMap((node) => [thingOf(node)].filter((found) => found !== null)));
}

/** What an entry was about: by its name today, else as the entry itself kept it. */
export function subjectOf({ subjectId, details }: Entry, things: ReadonlyMap<string, Thing>): Thing | undefined {
  const kept = [details['email'], details['name'], details['url']].find((value) => typeof value === 'string');
  return things.get(subjectId) ?? (typeof kept === 'string' ? { name: kept, to: null } : undefined);
}

/** As many as `nodes` takes. */
const idsMax = 100;
