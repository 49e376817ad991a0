import { isApiKeyText } from '../api-keys/api-key-text.js';
import { bearerIn } from '../http/authenticate.js';
import { authenticationRequired, type Failure } from '../platform/errors.js';

export type RpcId = string | number | null;

const rpc = {
  parseError: -32_700,
  invalidRequest: -32_600,
  internalError: -32_603,
  unauthorized: -32_001,
  other: -32_000,
};

/** A request that the door does not take, as JSON-RPC says it; what a model should read is a result instead. */
export class RpcRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    private readonly code = rpc.other,
    private readonly data: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  textFor(id: RpcId, requestId: string): string {
    const { code, message } = this;
    return JSON.stringify({
      jsonrpc: '2.0',
      id,
      error: { code, message, data: { ...this.data, request_id: requestId } },
    });
  }
}

export const notJson = (message: string) => new RpcRefusal(400, message, rpc.parseError);
export const invalidRequest = (message: string) => new RpcRefusal(400, message, rpc.invalidRequest);

/** A failure of the catalogue; its code stands in the error's data. */
export function refusalFor({ status, code, message, details, headers }: Failure, more = ''): RpcRefusal {
  const numbers: Record<number, number> = { 401: rpc.unauthorized, 500: rpc.internalError, 503: rpc.internalError };
  const data = { code, ...details, ...(more !== '' && { error_description: more }) };
  return new RpcRefusal(status, more === '' ? message : more, numbers[status] ?? rpc.other, data, headers);
}

/** What is wrong with a key, as far as its text tells. */
export function withoutKey(authorization: string | undefined, refusal: Failure | null): RpcRefusal {
  const why =
    authorization === undefined
      ? 'The API key is missing: send Authorization: Bearer iozen_live_…'
      : isApiKeyText(bearerIn(authorization))
        ? 'The API key is unknown: it was revoked, has expired, or may not be used from this address.'
        : 'The API key is malformed: send Authorization: Bearer and the whole key, iozen_live_ and 32 characters.';
  const failure = refusal ?? authenticationRequired();
  return refusalFor(failure, `${why} An Owner makes keys in the console, at /console.`);
}
