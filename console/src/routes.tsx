import type { ComponentType } from 'react';
import type { RouteObject } from 'react-router';
import { Broken } from './shell/Broken';

/** A page, a dialog or a drawer: its file exports `Page`, and is loaded when somebody goes there. */
const page = (path: string, load: () => Promise<{ Page: ComponentType }>, children?: RouteObject[]): RouteObject => ({
  path,
  lazy: async () => ({ Component: (await load()).Page }),
  ...(children && { children }),
});

const inShell: RouteObject[] = [
  page('/', () => import('./pages/overview/Overview')),
  page('/deliveries', () => import('./pages/deliveries/Deliveries')),
  page('/deliveries/:id', () => import('./pages/deliveries/Delivery'), [
    page('redeliver', () => import('./pages/deliveries/RedeliverAgain')),
  ]),
  page('/bots', () => import('./pages/bots/Bots')),
  page('/bots/:id', () => import('./pages/bots/Bot'), [
    page('status/:step', () => import('./pages/bots/ChangeStatus')),
  ]),
  page('/bots/:id/marketing', () => import('./pages/marketing/Marketing'), [
    page(':platform/connect', () => import('./pages/marketing/Connect')),
    page(':platform/edit', () => import('./pages/marketing/EditDestination')),
    page(':platform/test', () => import('./pages/marketing/TestConnection')),
    page(':platform/pause', () => import('./pages/marketing/PauseDestination')),
    page(':platform/resume', () => import('./pages/marketing/ResumeDestination')),
    page(':platform/disconnect', () => import('./pages/marketing/Disconnect')),
    page('conversions/:conversion', () => import('./pages/marketing/OneConversion')),
  ]),
  page('/submissions/:id', () => import('./pages/submissions/Submission'), [
    page('edit', () => import('./pages/submissions/EditSubmission')),
    page('complete', () => import('./pages/submissions/CompleteSubmission')),
  ]),
  page('/contacts', () => import('./pages/contacts/Contacts'), [
    page('erasures/:id', () => import('./pages/contacts/Erasure')),
  ]),
  page('/contacts/:id', () => import('./pages/contacts/Contact'), [
    page('edit', () => import('./pages/contacts/EditContact')),
    page('merge', () => import('./pages/contacts/MergeContacts')),
    page('erase', () => import('./pages/contacts/EraseContact')),
  ]),
  page('/records', () => import('./pages/records/Records')),
  page('/records/:id', () => import('./pages/records/Record')),
  page('/settings/api-keys', () => import('./pages/api-keys/ApiKeys'), [
    page('new', () => import('./pages/api-keys/NewApiKey')),
    page('new/agent', () => import('./pages/api-keys/NewAgentKey')),
    page(':id', () => import('./pages/api-keys/ApiKey')),
    page(':id/rotate', () => import('./pages/api-keys/RotateApiKey')),
    page(':id/revoke', () => import('./pages/api-keys/RevokeApiKey')),
  ]),
  page('/settings/webhooks', () => import('./pages/webhooks/Webhooks')),
  page('/settings/webhooks/new', () => import('./pages/webhooks/NewWebhook')),
  page('/settings/webhooks/:id/edit', () => import('./pages/webhooks/EditWebhook')),
  page('/settings/webhooks/:id', () => import('./pages/webhooks/Webhook'), [
    page('secret', () => import('./pages/webhooks/WebhookSecret')),
    page('test', () => import('./pages/webhooks/TestWebhook')),
    page('replay', () => import('./pages/webhooks/ReplayWebhook')),
    page('pause', () => import('./pages/webhooks/PauseWebhook')),
    page('resume', () => import('./pages/webhooks/ResumeWebhook')),
    page('delete', () => import('./pages/webhooks/DeleteWebhook')),
  ]),
  page('/settings/documents', () => import('./pages/documents/Documents'), [
    page('new', () => import('./pages/documents/TrustDocument')),
    page(':id', () => import('./pages/documents/Document')),
    page(':id/distrust', () => import('./pages/documents/DistrustDocument')),
  ]),
  page('/settings/workspace', () => import('./pages/workspace/Workspace')),
  page('/settings/members', () => import('./pages/members/Members'), [
    page('invite', () => import('./pages/members/InviteMember')),
    page(':id/role', () => import('./pages/members/MemberRole')),
    page(':id/remove', () => import('./pages/members/RemoveMember')),
    page(':id/transfer', () => import('./pages/members/TransferOwnership')),
  ]),
  page('/settings/audit', () => import('./pages/audit/AuditLog'), [
    page(':id', () => import('./pages/audit/AuditEntry')),
  ]),
  page('/settings/account', () => import('./pages/account/Account')),
  page('*', () => import('./pages/not-found/NotFound')),
];

export const routes: RouteObject[] = [
  {
    errorElement: <Broken />,
    HydrateFallback: () => null,
    children: [
      page('/sign-in', () => import('./pages/sign-in/SignIn')),
      page('/invitation', () => import('./pages/invitation/Invitation')),
      { lazy: async () => ({ Component: (await import('./shell/Shell')).Shell }), children: inShell },
    ],
  },
];
