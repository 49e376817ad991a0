import { hash, timingSafeEqual } from 'node:crypto';
import { Router, type Request } from 'express';
import { authenticationRequired } from '../platform/errors.js';
import type { Metrics } from '../platform/metrics.js';
import { bearerIn } from './authenticate.js';
import { peerOf } from './request.js';

export interface OperatorOptions {
  metrics: Metrics;
  /** Opens metrics and reasons to others; null: they are for loopback alone. */
  metricsToken: string | null;
  /** Why this process is not ready; null when it is. */
  unready(): Promise<string | null>;
  /** Something that an operator should see to although the process is ready; null when there is nothing. */
  remark(): string | null;
}

/** `/healthz`, `/readyz` and `/metrics`, for an operator's tools. */
export function operatorRouter({ metrics, metricsToken, unready, remark }: OperatorOptions): Router {
  const router = Router();
  const trusted = (request: Request) => {
    if (metricsToken !== null) return bears(request, metricsToken);
    return isLocal(request);
  };

  let asking: Promise<string | null> | null = null;

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });

  router.get('/readyz', async (request, response) => {
    // Probes that come meanwhile share one look at the database.
    asking ??= unready().finally(() => (asking = null));
    const why = await asking;
    const reason = why ?? remark();
    const status = why === null ? 'ready' : 'unready';
    response.status(why === null ? 200 : 503);
    response.json({ status, ...(reason !== null && trusted(request) && { reason }) });
  });

  router.get('/metrics', async (request, response) => {
    if (!trusted(request)) throw authenticationRequired({ cause: 'metrics need METRICS_TOKEN' });
    response.type(metrics.registry.contentType).send(await metrics.text());
  });
  return router;
}

/** Whether a request came from this machine itself; one that came through a proxy was sent from elsewhere. */
function isLocal({ headers, socket }: Request): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false;
  return /^(127\.|::1$)/.test(peerOf(socket));
}

function bears({ headers }: Request, token: string): boolean {
  const digest = (text: string) => hash('sha256', text, 'buffer');
  return timingSafeEqual(digest(bearerIn(headers.authorization)), digest(token));
}
