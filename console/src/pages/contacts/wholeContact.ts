import { graphql } from '../../graphql';
import type { WholeContactFragment } from '../../gql/graphql';

export type WholeContact = WholeContactFragment;

export const WholeContactFields = graphql(`
  fragment WholeContact on Contact {
    id
    firstName
    lastName
    email
    phone
    otherAddresses
    tags
    customFields
    submissionCount
    createdAt
    updatedAt
  }
`);

/** One contact by its id, for its page and its dialogs. */
export const OneContact = graphql(`
  query OneContact($id: ID!) {
    contact(id: $id) {
      ...WholeContact
    }
  }
`);
