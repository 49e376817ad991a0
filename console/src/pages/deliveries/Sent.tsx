import { CopyButton } from '../../ui/CopyButton';
import { Card } from '../../ui/Facts';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { curlOf } from './curl';
import type { Attempt, Delivery } from './delivery';
import { HttpMessage } from './HttpMessage';

/** The request of one attempt, and the same as a command. */
export function Sent({ delivery, attempt }: { delivery: Delivery; attempt: Attempt | undefined }) {
  const { endpoint, requestBody, event } = delivery;
  const sent = attempt?.requestHeaders ?? null;
  const headers = sent?.headers ?? [];
  const url = endpoint === null ? null : endpoint.url;
  const command =
    url !== null && requestBody !== null && headers.length > 0 ? curlOf({ url, headers, body: requestBody }) : null;
  return (
    <Card
      title={attempt === undefined ? 'What will be sent' : 'What was sent'}
      aside={command !== null && <CopyButton isSmall text={command} label="Copy as cURL" />}
    >
      <div className="message">
        <HttpMessage
          label="Request"
          start={
            url !== null && (
              <>
                <span className="code-key">POST</span> <StrangerText text={pathOf(url)} max={500} />
              </>
            )
          }
          headers={headers}
          body={requestBody}
        />
        {requestBody === null && (
          <p className="quiet">
            {event === null
              ? 'The body is no longer kept: events are kept for 30 days.'
              : 'The body cannot be shown as it was: the payload query of the endpoint was changed since.'}
          </p>
        )}
        {sent !== null && !sent.exact && (
          <p className="faint">
            Made again from what is kept: something was changed since, so that not all headers are as they were.
          </p>
        )}
        {command !== null && attempt && (
          <p className="faint">
            The command has no secret: values of your own headers are left out. Its timestamp and signature are of{' '}
            <Time at={attempt.at} as="exact" />, and a receiver that verifies refuses them after five minutes.
          </p>
        )}
      </div>
    </Card>
  );
}

function pathOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : parsed.pathname + parsed.search;
}
