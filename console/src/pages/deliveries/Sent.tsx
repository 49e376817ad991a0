import { CopyButton } from '../../ui/CopyButton';
import { Card } from '../../ui/Facts';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { curlOf } from './curl';
import type { Attempt, Delivery } from './delivery';
import { HttpMessage, type Header } from './HttpMessage';

/** The request of one attempt, and the same as a command. */
export function Sent({ delivery, attempt }: { delivery: Delivery; attempt: Attempt | undefined }) {
  const { endpoint, requestBody, event } = delivery;
  const headers = attempt === undefined || event === null ? [] : publishedHeaders(delivery, attempt, event);
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
        {command !== null && attempt && (
          <p className="faint">
            The command has no secret and no signature, and its timestamp is of <Time at={attempt.at} as="exact" />: a
            receiver that verifies refuses it.
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

/** The headers that every delivery has, as published, but for its signatures. */
function publishedHeaders(
  { id }: Delivery,
  { number, at }: Attempt,
  event: NonNullable<Delivery['event']>,
): readonly Header[] {
  const seconds = String(Math.floor(Date.parse(at) / 1_000));
  return [
    { name: 'Content-Type', value: 'application/json' },
    { name: 'User-Agent', value: 'ioZen-Webhooks/1.0' },
    { name: 'X-IoZen-Event-Type', value: event.type },
    { name: 'X-IoZen-Event-Id', value: event.id },
    { name: 'X-IoZen-Timestamp', value: seconds },
    { name: 'X-IoZen-Delivery-Id', value: id },
    { name: 'X-IoZen-Attempt', value: String(number) },
    { name: 'webhook-id', value: event.id },
    { name: 'webhook-timestamp', value: seconds },
  ];
}
