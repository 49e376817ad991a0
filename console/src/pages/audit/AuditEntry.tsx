import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { ButtonLink } from '../../ui/Button';
import { Json } from '../../ui/Code';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Fact, Facts } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Time } from '../../ui/Time';
import { actorKinds, Named } from './AuditLog';
import { actionInWords, subjectOf, useThings, type Entry } from './entries';

const OneEntry = graphql(`
  query OneEntry($id: ID!) {
    node(id: $id) {
      __typename
      ...AuditEntry
    }
  }
`);

/** An entry's details, at the side. */
export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneEntry, { id }, { policy: 'cache-first' });
  const entry = data?.node?.__typename === 'AuditEntry' ? data.node : null;
  return (
    <Dialog
      shape="drawer"
      title={entry === null ? 'Audit entry' : actionInWords(entry.action)}
      closesTo={paths.audit()}
    >
      <DialogBody>
        {refusal && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && !data && <Skeleton />}
        {data && entry === null && <p>There is no such entry.</p>}
        {entry && <Details entry={entry} />}
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
        {entry && <ButtonLink to={paths.audit(entry.subjectId)}>All changes to this</ButtonLink>}
      </DialogFoot>
    </Dialog>
  );
}

function Details({ entry }: { entry: Entry }) {
  const things = useThings([entry]);
  const { action, actorId, actorKind, address, createdAt, details, id, subjectId } = entry;
  return (
    <>
      <Facts>
        <Fact name="When">
          <Time at={createdAt} as="exact" />
        </Fact>
        <Fact name="Who">{actorKinds[actorKind] ?? <Named thing={things.get(actorId)} id={actorId} />}</Fact>
        {address !== null && (
          <Fact name="From">
            <code>{address}</code>
          </Fact>
        )}
        <Fact name="Of">
          <Named thing={subjectOf(entry, things)} id={subjectId} />
        </Fact>
        <Fact name="Action">
          <code>{action}</code>
        </Fact>
        <Fact name="Id">
          <code>{id}</code>
        </Fact>
      </Facts>
      <Json label="Details" value={details} />
    </>
  );
}
