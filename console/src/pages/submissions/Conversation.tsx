import { graphql } from '../../graphql';
import { useRead } from '../../server';
import { Card } from '../../ui/Facts';
import { Pager, usePageArguments } from '../../ui/Pager';
import { ErrorCard } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';

const MessagesOfSubmission = graphql(`
  query MessagesOfSubmission($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    submission(id: $id) {
      id
      messages(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          id
          role
          content
          createdAt
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
    }
  }
`);

const speakers = { ASSISTANT: 'Bot', USER: 'Person' } as const;
const contentMax = 1_000;

/** What was said, read from top to bottom: the last messages, and a step to those before. */
export function Conversation({ submissionId: id }: { submissionId: string }) {
  const { data, refusal, again } = useRead(
    MessagesOfSubmission,
    { id, ...usePageArguments(50) },
    { types: ['Message'] },
  );
  const page = data?.submission?.messages;
  if (refusal && !page) return <ErrorCard refusal={refusal} again={again} />;
  if (!page) return null;
  const messages = page.nodes.toReversed();
  return (
    <Card title="Conversation">
      {messages.length === 0 && <p className="quiet">Nothing was said: the answers came without a conversation.</p>}
      <Pager pageInfo={page.pageInfo} labels={['Later messages', 'Earlier messages']} />
      <ol className="conversation">
        {messages.map(({ id: messageId, role, content, createdAt }) => (
          <li key={messageId} className={role === 'USER' ? 'theirs' : undefined}>
            <p className="faint">
              <b>{speakers[role]}</b> · <Time at={createdAt} />
            </p>
            <div className="answer-text">
              <StrangerText text={content} max={contentMax} isBlock />
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
