import { count } from '../../ui/amounts';
import { Status, type StatusKind } from '../../ui/Status';
import { pauses, type EndpointState } from './endpoints';

/** Whether an endpoint gets what it listens to, and why not. */
export function EndpointStatus({ endpoint }: { endpoint: EndpointState }) {
  const [kind, words] = stateOf(endpoint);
  return <Status kind={kind}>{words}</Status>;
}

function stateOf({ status, pauseReason, consecutiveFails, lastDeliveryOk }: EndpointState): [StatusKind, string] {
  if (status === 'PAUSED') {
    const pause = pauses[pauseReason ?? 'MANUAL'];
    return [pause.isItsOwn ? 'bad' : 'still', pause.status];
  }
  if (consecutiveFails > 0) return ['wait', `${count(consecutiveFails)} failed in a row`];
  return lastDeliveryOk === null ? ['still', 'Nothing sent yet'] : ['good', 'Active'];
}
