import { Card } from '../../ui/Facts';
import { StrangerText } from '../../ui/StrangerText';
import type { Attempt } from './delivery';
import { HttpMessage } from './HttpMessage';
import { outcomes } from './outcomes';
import { statusText } from './statusTexts';

/** Of an answer the server keeps so much. */
const keptMax = 16_384;

const isCut = (body: string) => body.length >= keptMax / 4 && new TextEncoder().encode(body).length >= keptMax;

/** What the receiver answered to one attempt, or what went wrong instead. */
export function Answer({ attempt }: { attempt: Attempt }) {
  const { outcome, responseStatus, responseBody, responseHeaders, error, address } = attempt;
  const headers = responseHeaders?.headers ?? [];
  const isEmpty = responseBody === null || responseBody === '';
  const status = responseStatus === null ? outcomes[outcome] : `${responseStatus} ${statusText(responseStatus)}`.trim();
  return (
    <Card title="What it answered" aside={<span className="mono">{status}</span>}>
      <div className="message">
        {error !== null && outcome !== 'HTTP_ERROR' && (
          <p className="message-error">
            <StrangerText text={error} max={1_000} />
          </p>
        )}
        {responseStatus === null && <p className="quiet">No answer came{address === null && ', nor a connection'}.</p>}
        {responseStatus !== null && (headers.length > 0 || !isEmpty) && (
          <HttpMessage label="Answer" headers={headers} body={responseBody} />
        )}
        {responseStatus !== null && isEmpty && <p className="quiet">Its body was empty.</p>}
        {responseHeaders?.exact === false && (
          <p className="faint">Not all of its headers fit: at most 2 KiB are kept.</p>
        )}
        {responseBody !== null && isCut(responseBody) && (
          <p className="faint">Cut at 16 KiB: of an answer no more is kept.</p>
        )}
        {address !== null && <p className="faint">From {address}</p>}
      </div>
    </Card>
  );
}
