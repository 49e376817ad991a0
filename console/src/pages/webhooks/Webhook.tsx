import './Webhook.css';
import { Link, Outlet } from 'react-router';
import { paths } from '../../paths';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { count } from '../../ui/amounts';
import { Bars } from '../../ui/Bars';
import { ButtonLink } from '../../ui/Button';
import { CodeBlock } from '../../ui/Code';
import { Card, Fact, Facts } from '../../ui/Facts';
import { Menu } from '../../ui/Menu';
import { PageHead } from '../../ui/PageHead';
import { Empty, ErrorCard, Skeleton } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { duration, Time } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { EndpointBanner } from './EndpointBanner';
import { EndpointDeliveries } from './EndpointDeliveries';
import { isTroubled, whyNotSend } from './endpoints';
import { EndpointStatus } from './EndpointStatus';
import { useEndpoint, type Endpoint } from './OneEndpoint';
import { Replays } from './Replays';
import { Verification } from './Verification';

const within = { label: 'Webhooks', to: paths.webhooks };

export function Page() {
  const { endpoint, refusal, again } = useEndpoint('cache-and-network');
  if (!endpoint) {
    return (
      <>
        <PageHead title="Webhook endpoint" within={within} />
        {refusal && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && endpoint === null && (
          <Empty
            title="There is no such endpoint"
            action={<ButtonLink to={paths.webhooks}>See all endpoints</ButtonLink>}
          >
            It was deleted, or belongs to another workspace.
          </Empty>
        )}
        {!refusal && endpoint === undefined && <Skeleton />}
        <Outlet />
      </>
    );
  }
  const { id, url, description } = endpoint;
  return (
    <>
      <PageHead
        title={shortUrl(url)}
        heading={<StrangerText text={shortUrl(url)} max={120} />}
        within={within}
        actions={<Actions endpoint={endpoint} />}
      >
        <div className="endpoint-under">
          <EndpointStatus endpoint={endpoint} />
          {description !== null && (
            <span>
              <StrangerText text={description} max={500} />
            </span>
          )}
        </div>
      </PageHead>
      {(isTroubled(endpoint) || endpoint.status === 'PAUSED') && <EndpointBanner endpoint={endpoint} />}
      <div className="endpoint-cards">
        <Health endpoint={endpoint} />
        <Settings endpoint={endpoint} />
      </div>
      <EndpointDeliveries endpointId={id} onChange={again} />
      <Replays endpointId={id} />
      <Card title="Verify what arrives">
        <Verification />
      </Card>
      <Outlet />
    </>
  );
}

function Actions({ endpoint: { id, status } }: { endpoint: Endpoint }) {
  const viewer = useViewer();
  const why = whyNotAdmin(viewer.role);
  const isPaused = status === 'PAUSED';
  return (
    <>
      <Menu
        label="More"
        isSmall={false}
        about="More about this endpoint"
        items={[
          { label: 'Rotate secret', to: paths.webhookSecret(id), why },
          { label: 'Replay events', to: paths.replayWebhook(id), why: whyNotSend(viewer) },
          isPaused
            ? { label: 'Resume', to: paths.resumeWebhook(id), why: whyNotSend(viewer) }
            : { label: 'Pause', to: paths.pauseWebhook(id), why },
          { label: 'See what was done to it', to: paths.audit(id), why },
          { label: 'Delete endpoint', to: paths.deleteWebhook(id), isDanger: true, why },
        ]}
      />
      <ButtonLink to={paths.editWebhook(id)} why={why}>
        Edit
      </ButtonLink>
      <ButtonLink to={paths.testWebhook(id)} look={isPaused ? 'plain' : 'main'} why={whyNotSend(viewer)}>
        Send test event
      </ButtonLink>
    </>
  );
}

function Health({ endpoint }: { endpoint: Endpoint }) {
  const { id, stats, lastDay, heldCount, lastDeliveryAt, lastDeliveryOk } = endpoint;
  const [day] = lastDay;
  const ms = (value: number | null | undefined) => (value == null ? '–' : duration(value));
  return (
    <Card title="Last 24 hours" aside={<span className="faint">attempts by the hour</span>}>
      <div className="endpoint-bars">
        <Bars label="Attempts in the last 24 hours" buckets={stats} />
        <div className="endpoint-axis faint" aria-hidden>
          {stats[0] && <Time at={stats[0].at} as="moment" />}
          <span>now</span>
        </div>
      </div>
      <dl className="figures">
        <Figure name="Delivered">{count(day?.delivered ?? 0)}</Figure>
        <Figure name="Failed">{count(day?.failed ?? 0)}</Figure>
        <Figure name="Median">{ms(day?.p50Ms)}</Figure>
        <Figure name="p95">{ms(day?.p95Ms)}</Figure>
        <Figure name="Held">{count(heldCount)}</Figure>
      </dl>
      <p className="faint">
        {lastDeliveryAt === null ? (
          'Nothing was sent yet.'
        ) : (
          <>
            The last attempt ended <Time at={lastDeliveryAt} />, and {lastDeliveryOk === true ? 'arrived' : 'failed'}.
            {lastDeliveryOk === false && (
              <>
                {' '}
                <Link to={paths.deliveries({ endpoint: id })}>See its deliveries</Link>
              </>
            )}
          </>
        )}
      </p>
    </Card>
  );
}

const Figure = ({ name, children }: { name: string; children: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

function Settings({ endpoint }: { endpoint: Endpoint }) {
  const { id, url, events, customHeaderNames, payloadQuery, maxConcurrency, createdAt } = endpoint;
  return (
    <Card title="Settings">
      <Facts>
        <Fact name="Posts to">
          <code>
            <StrangerText text={url} max={2_048} />
          </code>
        </Fact>
        <Fact name="Listens to">
          <ul>
            {events.map((type) => (
              <li key={type}>
                <code>{type}</code>
              </li>
            ))}
          </ul>
        </Fact>
        <Fact name="Payload">{payloadQuery === null ? 'whole objects' : 'what its query selects'}</Fact>
        <Fact name="Headers">
          {customHeaderNames.length === 0 ? (
            'none of yours'
          ) : (
            <ul>
              {customHeaderNames.map((name) => (
                <li key={name}>
                  <code>{name}: •••</code>
                </li>
              ))}
            </ul>
          )}
        </Fact>
        <Fact name="At once">{inWords(maxConcurrency)}</Fact>
        <Fact name="Created">
          <Time at={createdAt} as="exact" />
        </Fact>
        <Fact name="Id">
          <code>{id}</code>
        </Fact>
      </Facts>
      {payloadQuery !== null && (
        <div className="endpoint-query">
          <CodeBlock label="Payload query" text={payloadQuery} canCopy={false} />
        </div>
      )}
    </Card>
  );
}

const inWords = (maxConcurrency: number | null) =>
  maxConcurrency === null ? 'as many as allowed' : maxConcurrency === 1 ? 'one, in order' : `at most ${maxConcurrency}`;
