import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button, ButtonLink } from '../../ui/Button';
import { toast } from '../../ui/Toasts';
import { redelivery, type Delivery } from './delivery';

const RedeliverDelivery = graphql(`
  mutation RedeliverDelivery($input: RedeliverInput!) {
    redeliver(input: $input) {
      webhookDelivery {
        id
        status
      }
    }
  }
`);

/** Sends the event once more. `redeliver` tells the new delivery's id, or null where it was refused, which is told. */
export function useRedeliver(): { redeliver(id: string): Promise<string | null>; isBusy: boolean } {
  const { send, isBusy, refusal } = useChange(RedeliverDelivery);
  useEffect(() => {
    if (refusal !== null) toast(refusal.message, { isBad: true });
  }, [refusal]);
  const redeliver = async (id: string) => {
    const done = await send({ input: { deliveryId: id } });
    if (done === null) return null;
    const { webhookDelivery: made } = done.redeliver;
    toast(
      made.status === 'HELD'
        ? 'A new delivery was made, and is held until its endpoint is resumed.'
        : 'Sent once more: this is the new delivery.',
    );
    return made.id;
  };
  return { redeliver, isBusy };
}

/** One press where it failed; a question first where it arrived; its reason where it cannot be. */
export function Redeliver({ delivery }: { delivery: Delivery }) {
  const navigate = useNavigate();
  const { redeliver, isBusy } = useRedeliver();
  const { how, why } = redelivery(delivery, useViewer());
  if (how === 'after a question') return <ButtonLink to={paths.redeliver(delivery.id)}>Redeliver…</ButtonLink>;
  const press = async () => {
    const made = await redeliver(delivery.id);
    if (made !== null) await navigate(paths.delivery(made));
  };
  return (
    <Button look="main" why={why} busy={isBusy && 'Redelivering…'} onClick={() => void press()}>
      Redeliver now
    </Button>
  );
}
