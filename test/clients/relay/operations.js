// What relay-compiler reads; the tests run what it writes beside.
import { graphql } from 'relay-runtime';

graphql`
  query operationsPageQuery($bot: ID!, $count: Int!, $cursor: String) {
    intakeBot(id: $bot) {
      ...operationsList_bot @arguments(count: $count, cursor: $cursor)
    }
  }
`;

graphql`
  fragment operationsList_bot on IntakeBot
  @argumentDefinitions(count: { type: "Int", defaultValue: 5 }, cursor: { type: "String" })
  @refetchable(queryName: "operationsListQuery") {
    submissions(first: $count, after: $cursor) @connection(key: "operationsList_submissions") {
      edges {
        node {
          id
          status
        }
      }
    }
  }
`;

graphql`
  query operationsNodeQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Submission {
        status
      }
    }
  }
`;
