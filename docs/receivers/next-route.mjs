// app/hook/route.js, of the App Router
import { verifyWebhook, WebhookVerificationError } from '@iozen/webhooks';

export async function POST(request) {
  try {
    const event = verifyWebhook(await request.text(), request.headers, process.env.IOZEN_WEBHOOK_SECRET);
    console.log(event.type, event.id);
    return new Response(null, { status: 204 });
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return new Response(error.message, { status: error.statusCode });
  }
}
