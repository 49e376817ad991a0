/** Every address of the console, below `/console`. They are stable: people and other programs link to them. */
const query = (values: Record<string, string | undefined>) => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
};

export interface DeliveryFilter {
  status?: string;
  type?: string;
  endpoint?: string;
  code?: string;
  q?: string;
  from?: string;
  to?: string;
}

export const paths = {
  overview: '/',
  signIn: (next?: string) => `/sign-in${query({ next: next === '/' ? undefined : next })}`,
  invitation: '/invitation',

  deliveries: (filter: DeliveryFilter = {}) => `/deliveries${query({ ...filter })}`,
  delivery: (id: string) => `/deliveries/${id}`,
  bots: '/bots',
  bot: (id: string) => `/bots/${id}`,
  botMarketing: (id: string) => `/bots/${id}/marketing`,
  submission: (id: string) => `/submissions/${id}`,
  contacts: '/contacts',
  contact: (id: string) => `/contacts/${id}`,
  records: '/records',
  record: (id: string) => `/records/${id}`,

  apiKeys: '/settings/api-keys',
  newApiKey: '/settings/api-keys/new',
  apiKey: (id: string) => `/settings/api-keys/${id}`,
  rotateApiKey: (id: string) => `/settings/api-keys/${id}/rotate`,
  revokeApiKey: (id: string) => `/settings/api-keys/${id}/revoke`,
  webhooks: '/settings/webhooks',
  newWebhook: '/settings/webhooks/new',
  webhook: (id: string) => `/settings/webhooks/${id}`,
  editWebhook: (id: string) => `/settings/webhooks/${id}/edit`,
  webhookSecret: (id: string) => `/settings/webhooks/${id}/secret`,
  testWebhook: (id: string) => `/settings/webhooks/${id}/test`,
  replayWebhook: (id: string, since?: string) => `/settings/webhooks/${id}/replay${query({ since })}`,
  pauseWebhook: (id: string) => `/settings/webhooks/${id}/pause`,
  resumeWebhook: (id: string) => `/settings/webhooks/${id}/resume`,
  deleteWebhook: (id: string) => `/settings/webhooks/${id}/delete`,
  documents: '/settings/documents',
  workspace: '/settings/workspace',
  members: '/settings/members',
  audit: (subjectId?: string) => `/settings/audit${query({ subject: subjectId })}`,
  account: '/settings/account',
};
