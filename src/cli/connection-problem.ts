import { certificateErrors, codeOf, connectionErrors } from '../platform/outbound/attempt.js';

/** Why a request of undici's failed, in words. */
export function connectionProblem(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timed out';
  const code = codeOf(error);
  return problems[code] ?? connectionErrors[code] ?? certificateErrors[code] ?? 'the connection broke off';
}

const problems: Record<string, string> = {
  EAI_AGAIN: 'the name does not resolve',
  ENOTFOUND: 'the name does not resolve',
  UND_ERR_CONNECT_TIMEOUT: 'timed out while connecting',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is shorter than it said',
  UND_ERR_HEADERS_TIMEOUT: 'timed out while waiting for the answer',
  UND_ERR_BODY_TIMEOUT: 'the connection fell silent',
};
