import './Shell.css';
import { useState } from 'react';
import { NavLink, Outlet, ScrollRestoration } from 'react-router';
import { graphql } from '../graphql';
import { paths } from '../paths';
import { useRead } from '../server';
import { LivePill } from '../ui/Live';
import { ErrorCard } from '../ui/States';
import { StrangerText } from '../ui/StrangerText';
import { Toasts } from '../ui/Toasts';
import { AccountMenu } from './AccountMenu';
import { Mark } from './Mark';
import { planNames, ViewerContext, type Viewer } from './viewer';

const WhoIsHere = graphql(`
  query WhoIsHere {
    viewer {
      role
      user {
        id
        email
        name
      }
      workspace {
        id
        name
        plan
        agentsMayConnect
        limits {
          api
          apiKeys
          conversions
          requestsPerMinute
          storageBytes
          submissionRetentionDays
          submissionsPerMonth
          webhookEndpoints
          webhooks
        }
      }
    }
  }
`);

/** What is read, and then what is set; a line appears here once its page exists. */
const places: readonly [label: string, to: string][] = [
  ['Overview', paths.overview],
  ['Deliveries', paths.deliveries()],
  ['Bots', paths.bots],
  ['Contacts', paths.contacts],
  ['Records', paths.records],
];
const settings: readonly [label: string, to: string][] = [
  ['API keys', paths.apiKeys],
  ['Webhooks', paths.webhooks],
  ['Trusted documents', paths.documents],
  ['Workspace', paths.workspace],
  ['Members', paths.members],
  ['Audit log', paths.audit()],
  ['Account', paths.account],
];

/** What stands around every page of somebody who is signed in. */
export function Shell() {
  const { data, refusal, again } = useRead(WhoIsHere, {}, { policy: 'cache-first' });
  const [isOpen, setOpen] = useState(false);
  const viewer = viewerOf(data?.viewer);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <aside className="side" data-open={isOpen || undefined}>
        <div className="side-head">
          <NavLink className="brand" to={paths.overview}>
            <Mark />
            ioZen
          </NavLink>
          <button
            type="button"
            className="button small side-switch"
            aria-expanded={isOpen}
            aria-controls="places"
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? 'Close menu' : 'Menu'}
          </button>
        </div>
        <nav id="places" className="places" aria-label="Main" onClick={() => setOpen(false)}>
          <Places places={places} />
          <h2 id="settings">Workspace settings</h2>
          <Places places={settings} labelledBy="settings" />
          <h2 id="help">Help</h2>
          <ul aria-labelledby="help">
            <li>
              <a href="/docs">Documentation</a>
            </li>
          </ul>
        </nav>
      </aside>
      <header className="top">
        <div className="top-words">
          {viewer && (
            <>
              <b className="top-workspace">
                <StrangerText text={viewer.workspace.name} max={60} />
              </b>
              <span className="faint">{planNames[viewer.workspace.plan]}</span>
            </>
          )}
        </div>
        <LivePill />
        {viewer && <AccountMenu viewer={viewer} />}
      </header>
      <main id="content" tabIndex={-1}>
        {refusal && !viewer && <ErrorCard refusal={refusal} again={again} />}
        {viewer && (
          <ViewerContext value={viewer}>
            <Outlet />
          </ViewerContext>
        )}
      </main>
      <Toasts />
      <ScrollRestoration />
    </div>
  );
}

function Places({ places, labelledBy }: { places: readonly [label: string, to: string][]; labelledBy?: string }) {
  return (
    <ul aria-labelledby={labelledBy}>
      {places.map(([label, to]) => (
        <li key={to}>
          <NavLink to={to} end={to === paths.overview}>
            {label}
          </NavLink>
        </li>
      ))}
    </ul>
  );
}

/** A session is always a person's, with a role. */
function viewerOf(
  viewer: { role: Viewer['role'] | null; user: Viewer['user'] | null; workspace: Viewer['workspace'] } | undefined,
): Viewer | null {
  if (viewer === undefined || viewer.role === null || viewer.user === null) return null;
  return { role: viewer.role, user: viewer.user, workspace: viewer.workspace };
}
