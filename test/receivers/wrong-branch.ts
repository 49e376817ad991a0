import { verifyWebhook, WebhookVerificationError, type WebhookEventType } from '@iozen/webhooks';

const event = verifyWebhook(new Uint8Array(), new Map<string, string>(), ['whsec_old', 'whsec_new']);
export const type: WebhookEventType = event.type;
// @ts-expect-error -- before it is narrowed, no one knows of what it tells.
export const early = event.data.submission;
if (event.type === 'contact.created') {
  // @ts-expect-error -- a contact is no submission.
  const { submission } = event.data;
  // @ts-expect-error -- what was created has not changed.
  const { changes } = event.data;
  const email: string | null = event.data.contact.email;
  console.log(submission, changes, email);
}
// @ts-expect-error -- there is no such type.
export const isOther = event.type === 'contact.deleted';
export const status: 400 | 500 = new WebhookVerificationError('').statusCode;
declare const console: { log: (...values: unknown[]) => void };
