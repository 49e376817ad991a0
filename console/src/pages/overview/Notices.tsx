import { graphql } from '../../graphql';
import type { EndpointsHealthQuery, OverviewQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { Button, ButtonLink, Buttons } from '../../ui/Button';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';

const DismissNotice = graphql(`
  mutation DismissNotice($input: DismissNoticeInput!) {
    dismissNotice(input: $input) {
      notice {
        id
        dismissedAt
      }
    }
  }
`);

type Notice = NonNullable<OverviewQuery['workspace']['notices']>['nodes'][number];

interface NoticesProps {
  notices: readonly Notice[];
  /** As they are now: a notice tells of what was. */
  endpoints: EndpointsHealthQuery['webhookEndpoints']['nodes'];
}

/** What Owners and Admins should know, and to where one does something about it. */
export function Notices({ notices, endpoints }: NoticesProps) {
  const { send } = useChange(DismissNotice);
  const dismiss = async (ids: readonly string[]) => {
    const done = await Promise.all(ids.map(async (id) => await send({ input: { id } })));
    const isBad = done.includes(null);
    toast(isBad ? 'The notice could not be put away.' : 'Notice put away for everybody.', { isBad });
  };
  if (notices.length === 0) return null;
  return (
    <ul className="notices" aria-label="Notices">
      {byWhatTheyNameOf(notices).map(([{ id, text, createdAt, params }, ids]) => (
        <li key={id} className="card notice">
          <p>
            <StrangerText text={text} max={1_000} />
            <span className="under">
              <Time at={createdAt} />
              {endpoints.some((endpoint) => isMended(endpoint) && endpoint.id === params['endpoint_id']) &&
                '. It is active now, and got what was sent last.'}
            </span>
          </p>
          <Buttons>
            <NoticeLink params={params} />
            <Button isSmall onClick={() => void dismiss(ids)}>
              Dismiss
            </Button>
          </Buttons>
        </li>
      ))}
    </ul>
  );
}

type Endpoint = NoticesProps['endpoints'][number];

const isMended = ({ status, lastDeliveryOk }: Endpoint) => status === 'ACTIVE' && lastDeliveryOk === true;

/** The newest notice of each endpoint, with the ids of those before it, which it makes old; all others as they are. */
function byWhatTheyNameOf(notices: readonly Notice[]): [newest: Notice, ids: string[]][] {
  const groups = Map.groupBy(notices, ({ id, params }) => params['endpoint_id'] ?? id);
  return [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map((newest) => [newest, group.map(({ id }) => id)] as [Notice, string[]]),
  );
}

/** To where one does something about it. */
function NoticeLink({
  params: { endpoint_id: endpoint, api_key_id: key, intake_bot_id: bot },
}: Pick<Notice, 'params'>) {
  if (typeof endpoint === 'string') return <LinkTo to={paths.webhook(endpoint)}>Go to the endpoint</LinkTo>;
  if (typeof key === 'string') return <LinkTo to={paths.apiKey(key)}>Go to the key</LinkTo>;
  if (typeof bot === 'string') return <LinkTo to={paths.botMarketing(bot)}>Go to its ad platforms</LinkTo>;
  return null;
}

const LinkTo = ({ to, children }: { to: string; children: string }) => (
  <ButtonLink isSmall to={to}>
    {children}
  </ButtonLink>
);
