import { useParams } from 'react-router';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { ErrorCard, Skeleton } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { hostOf } from '../../ui/urls';
import { DeliveryById, redelivery, type Delivery } from './delivery';
import { whatItDid } from './outcomes';
import { useRedeliver } from './Redeliver';

/** Asks before what has arrived is sent once more. */
export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(DeliveryById, { id }, { policy: 'cache-first' });
  const delivery = data?.webhookDelivery;
  return (
    <Dialog shape="alert" title="Redeliver what has arrived?" closesTo={paths.delivery(id)}>
      {delivery ? (
        <Question delivery={delivery} />
      ) : (
        <>
          <DialogBody>{refusal ? <ErrorCard refusal={refusal} again={again} /> : <Skeleton />}</DialogBody>
          <DialogFoot>
            <CloseButton>Close</CloseButton>
          </DialogFoot>
        </>
      )}
    </Dialog>
  );
}

function Question({ delivery }: { delivery: Delivery }) {
  const { id, status, endpoint, endedAt, attempts } = delivery;
  const { done } = useDialog();
  const { redeliver, isBusy } = useRedeliver();
  const { why } = redelivery(delivery, useViewer());
  const last = attempts.at(-1);
  const press = async () => {
    const made = await redeliver(id);
    if (made !== null) done(paths.delivery(made));
  };
  return (
    <>
      <DialogBody>
        {status === 'DELIVERED' && last && (
          <p>
            This is already delivered:{' '}
            {endpoint ? <StrangerText text={hostOf(endpoint.url)} max={80} /> : 'the endpoint'} {whatItDid(last)}
            {endedAt !== null && (
              <>
                {' '}
                <Time at={endedAt} />
              </>
            )}
            .
          </p>
        )}
        <p>
          The same event is sent once more, with the same id and the same body. A receiver that keeps the ids it has
          seen ignores it; any other does its work twice.
        </p>
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst />
        <Button look="main" why={why} busy={isBusy && 'Redelivering…'} onClick={() => void press()}>
          Redeliver anyway
        </Button>
      </DialogFoot>
    </>
  );
}
