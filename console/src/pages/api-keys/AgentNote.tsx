import { Link } from 'react-router';
import { paths } from '../../paths';
import { useViewer } from '../../shell/viewer';

/** What somebody has to know who gives an agent a key. */
export function AgentNote() {
  const { workspace } = useViewer();
  return (
    <div className="agent-note" role="status">
      <p>
        <b>What the agent reads with this key goes to the maker of its model</b>: answers, messages, names, e-mail
        addresses, phone numbers. Tick only what it needs.
      </p>
      {!workspace.agentsMayConnect && (
        <p>
          At present agents are shut out of this workspace, whatever their key. An Owner lets them connect in{' '}
          <Link to={paths.workspace}>its settings</Link>.
        </p>
      )}
    </div>
  );
}
