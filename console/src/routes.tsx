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
  page('/settings/api-keys', () => import('./pages/api-keys/ApiKeys'), [
    page('new', () => import('./pages/api-keys/NewApiKey')),
    page(':id', () => import('./pages/api-keys/ApiKey')),
    page(':id/rotate', () => import('./pages/api-keys/RotateApiKey')),
    page(':id/revoke', () => import('./pages/api-keys/RevokeApiKey')),
  ]),
  page('/settings/webhooks', () => import('./pages/webhooks/Webhooks')),
  page('/bots', () => import('./pages/bots/Bots')),
  page('/bots/:id', () => import('./pages/bots/Bot'), [
    page('status/:step', () => import('./pages/bots/ChangeStatus')),
  ]),
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
