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
  redeliver: (id: string) => `/deliveries/${id}/redeliver`,
  bots: '/bots',
  bot: (id: string) => `/bots/${id}`,
  postToBot: (id: string) => `/bots/${id}?show=post`,
  changeBot: (id: string, step: string) => `/bots/${id}/status/${step}`,
  botMarketing: (id: string) => `/bots/${id}/marketing`,
  connectPlatform: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/connect`,
  editDestination: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/edit`,
  testDestination: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/test`,
  pauseDestination: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/pause`,
  resumeDestination: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/resume`,
  disconnectPlatform: (id: string, platform: string) => `/bots/${id}/marketing/${platform}/disconnect`,
  conversion: (id: string, conversion: string) => `/bots/${id}/marketing/conversions/${conversion}`,
  submission: (id: string) => `/submissions/${id}`,
  editSubmission: (id: string) => `/submissions/${id}/edit`,
  completeSubmission: (id: string) => `/submissions/${id}/complete`,
  contacts: '/contacts',
  contactsWith: (filter: { q?: string; tag?: string }) => `/contacts${query(filter)}`,
  contact: (id: string) => `/contacts/${id}`,
  editContact: (id: string) => `/contacts/${id}/edit`,
  mergeContact: (id: string, duplicate: { q?: string; duplicate?: string } = {}) =>
    `/contacts/${id}/merge${query({ ...duplicate })}`,
  eraseContact: (id: string) => `/contacts/${id}/erase`,
  erasure: (id: string) => `/contacts/erasures/${id}`,
  records: '/records',
  recordsOf: (contactId: string) => `/records${query({ contact: contactId })}`,
  record: (id: string) => `/records/${id}`,

  apiKeys: '/settings/api-keys',
  newApiKey: '/settings/api-keys/new',
  newAgentKey: '/settings/api-keys/new/agent',
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
  newDocument: '/settings/documents/new',
  document: (id: string) => `/settings/documents/${encodeURIComponent(id)}`,
  distrustDocument: (id: string) => `/settings/documents/${encodeURIComponent(id)}/distrust`,
  workspace: '/settings/workspace',
  members: '/settings/members',
  inviteMember: '/settings/members/invite',
  memberRole: (id: string) => `/settings/members/${id}/role`,
  removeMember: (id: string) => `/settings/members/${id}/remove`,
  transferOwnership: (id: string) => `/settings/members/${id}/transfer`,
  audit: (subjectId?: string) => `/settings/audit${query({ subject: subjectId })}`,
  auditEntry: (id: string) => `/settings/audit/${id}`,
  account: '/settings/account',
};
