import './ApiKeys.css';
import { Outlet } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { planNames, useViewer, whyNotAdmin, type Viewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { ButtonLink, Buttons } from '../../ui/Button';
import { Meter } from '../../ui/Meter';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard } from '../../ui/States';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time, useNow } from '../../ui/Time';
import { isLive, lastUsedNote, lifeOf, type Key } from './keys';
import { scopesInWords } from './scopes';

const ApiKeys = graphql(`
  query ApiKeys($first: Int, $after: String, $last: Int, $before: String) {
    apiKeys(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...Key
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
    workspace {
      id
      usage {
        apiKeys
      }
    }
  }
`);

export function Page() {
  const viewer = useViewer();
  const { data, refusal, again } = useRead(ApiKeys, usePageArguments(50), { types: ['ApiKey'] });
  const now = useNow();
  const keys = data?.apiKeys.nodes;
  const live = keys?.filter((key) => isLive(key, now));
  const ended = keys?.filter((key) => !isLive(key, now)) ?? [];
  const used = data?.workspace.usage.apiKeys;
  const why = whyNoNewKey(viewer, used);
  const create = (look: 'main' | 'plain') => (
    <ButtonLink isOver to={paths.newApiKey} look={look} why={why}>
      Create key
    </ButtonLink>
  );
  return (
    <>
      <PageHead
        title="API keys"
        actions={
          <>
            <ButtonLink isOver to={paths.newAgentKey} why={why}>
              Connect an agent
            </ButtonLink>
            {create(live?.length === 0 ? 'plain' : 'main')}
          </>
        }
      >
        <Limit viewer={viewer} used={used} />
      </PageHead>
      {refusal && keys === undefined && <ErrorCard refusal={refusal} again={again} />}
      {(refusal === null || keys) && live?.length !== 0 && (
        <Table caption="API keys that work" columns={columns} rows={live} keyOf={({ id }) => id} />
      )}
      {live?.length === 0 && (
        <Empty title="No key works at the moment" action={create('main')}>
          A program that reads submissions or registers webhooks calls with a key. Each has scopes of its own, and can
          be ended without touching the others.
        </Empty>
      )}
      {ended.length > 0 && (
        <details className="ended">
          <summary>{counted(ended.length, 'ended key')}</summary>
          <Table caption="API keys that ended" columns={endedColumns} rows={ended} keyOf={({ id }) => id} />
        </details>
      )}
      <Pager pageInfo={data?.apiKeys.pageInfo} />
      <Outlet />
    </>
  );
}

/** Why no key can be created now; null where one can. */
function whyNoNewKey({ role, workspace: { plan, limits } }: Viewer, used: number | undefined): string | null {
  if (!limits.api)
    return `${planNames[plan]} has no API. A plan with it, which the operator sets, lets you create keys.`;
  if (used !== undefined && used >= limits.apiKeys) {
    return `All ${limits.apiKeys} keys of ${planNames[plan]} are in use. Revoke one, or ask the operator for a larger plan.`;
  }
  return whyNotAdmin(role);
}

function Limit({ viewer: { workspace }, used }: { viewer: Viewer; used: number | undefined }) {
  const { plan, limits } = workspace;
  if (!limits.api) return <p>{planNames[plan]} has no API.</p>;
  const text = used === undefined ? `${limits.apiKeys} keys` : `${used} of ${limits.apiKeys}`;
  return (
    <>
      <p>{`${text} on ${planNames[plan]}, ${count(limits.requestsPerMinute)} requests a minute each.`}</p>
      {used !== undefined && (
        <div className="keys-meter">
          <Meter label="API keys" value={used} max={limits.apiKeys} text={text} />
        </div>
      )}
    </>
  );
}

const nameColumn: Column<Key> = {
  head: 'Name',
  cell: ({ id, name, hint }) => (
    <>
      <RowLink isOver to={paths.apiKey(id)}>
        <StrangerText text={name} max={40} />
      </RowLink>
      <Under isMono>{hint}</Under>
    </>
  ),
};
const scopesColumn: Column<Key> = {
  head: 'Scopes',
  cell: ({ scopes, documentsOnly, allowedCidrs }) => (
    <>
      {scopesInWords(scopes)}
      {(documentsOnly || allowedCidrs.length > 0) && (
        <Under>
          {[
            documentsOnly && 'trusted documents only',
            allowedCidrs.length > 0 && counted(allowedCidrs.length, 'address range'),
          ]
            .filter(Boolean)
            .join(', ')}
        </Under>
      )}
    </>
  ),
};
const lastUsedColumn: Column<Key> = {
  head: 'Last used',
  cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Time at={lastUsedAt} note={lastUsedNote} />),
};

const columns: readonly Column<Key>[] = [
  nameColumn,
  scopesColumn,
  lastUsedColumn,
  { head: 'Expires', cell: (key) => <Expires apiKey={key} /> },
  { head: 'Created', cell: (key) => <Created apiKey={key} /> },
  {
    head: 'Actions',
    isHeadHidden: true,
    align: 'end',
    cell: ({ id, name }) => (
      <Buttons>
        <ButtonLink isOver to={paths.rotateApiKey(id)} isSmall aria-label={`Rotate ${name}`}>
          Rotate
        </ButtonLink>
        <ButtonLink isOver to={paths.revokeApiKey(id)} isSmall aria-label={`Revoke ${name}`}>
          Revoke
        </ButtonLink>
      </Buttons>
    ),
  },
];
const endedColumns: readonly Column<Key>[] = [
  nameColumn,
  scopesColumn,
  lastUsedColumn,
  { head: 'Ended', cell: (key) => <Expires apiKey={key} /> },
];

function Created({ apiKey: { createdAt, createdBy } }: { apiKey: Key }) {
  return (
    <>
      <Time at={createdAt} />
      <Under>
        <span className="whole">
          {'by '}
          <StrangerText text={createdBy.name} max={30} />
        </span>
      </Under>
    </>
  );
}

export function Expires({ apiKey }: { apiKey: Key }) {
  const life = lifeOf(apiKey, useNow());
  const { expiresAt, revokedAt } = apiKey;
  if (revokedAt !== null) {
    return (
      <>
        <Status kind="still">Revoked</Status> <Time at={revokedAt} />
      </>
    );
  }
  if (expiresAt === null) return <>never</>;
  if (life === 'live') return <Time at={expiresAt} />;
  if (life === 'soon') {
    return (
      <Status kind="wait">
        <Time at={expiresAt} />
      </Status>
    );
  }
  return (
    <>
      <Status kind="still">Expired</Status> <Time at={expiresAt} />
    </>
  );
}
