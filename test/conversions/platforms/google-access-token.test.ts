import { expect } from 'chai';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { GoogleAccessTokens } from '../../../src/conversions/platforms/google-access-token.js';
import type { PlatformAnswer } from '../../../src/conversions/platforms/platform.js';
import { answer } from './samples.js';

const refresh = { refresh: { clientId: 'id', clientSecret: 'GOCSPX-secret', refreshToken: '1//0gRefresh' } };
const now = Date.parse('2026-09-14T10:15:30Z');

/** Tokens that are numbered, or what is said instead, and every form that was posted. */
function tokens(say: (() => PlatformAnswer) | null = null) {
  const forms: string[] = [];
  let given = 0;
  const granted = () => answer(200, { access_token: `ya29.${++given}`, expires_in: 3_599, token_type: 'Bearer' });
  const clock = { ms: now };
  const post = async (form: string) => {
    forms.push(form);
    return await Promise.resolve(say === null ? granted() : say());
  };
  return { forms, clock, of: new GoogleAccessTokens({ post, nowMs: () => clock.ms }) };
}

describe("Google's access tokens", () => {
  it('are fetched with a refresh token, once for as long as one lives', async () => {
    const { of, forms, clock } = tokens();
    expect(await of.of('d1', refresh)).to.deep.equal({ ok: true, token: 'ya29.1' });
    clock.ms += 3_500_000;
    expect(await of.of('d1', refresh)).to.deep.equal({ ok: true, token: 'ya29.1' });
    clock.ms += 60_000;
    expect(await of.of('d1', refresh)).to.deep.equal({ ok: true, token: 'ya29.2' });
    expect(forms).to.have.length(2);
    expect(Object.fromEntries(new URLSearchParams(forms[0]))).to.deep.equal({
      grant_type: 'refresh_token',
      client_id: 'id',
      client_secret: 'GOCSPX-secret',
      refresh_token: '1//0gRefresh',
    });
  });

  it('are fetched once by however many need one at a time, and by each destination', async () => {
    const { of, forms } = tokens();
    const all = await Promise.all([1, 2, 3].map(async () => await of.of('d1', refresh)));
    expect(new Set(all.map((one) => (one.ok ? one.token : null)))).to.deep.equal(new Set(['ya29.1']));
    await of.of('d2', refresh);
    expect(forms).to.have.length(2);
  });

  it('serve no longer after a change of the credential, or a refusal of theirs', async () => {
    const { of } = tokens();
    await of.of('d1', refresh);
    const changed = { refresh: { ...refresh.refresh, refreshToken: 'other' } };
    expect(await of.of('d1', changed)).to.deep.equal({ ok: true, token: 'ya29.2' });
    of.forget('d1', 'ya29.1');
    expect(await of.of('d1', changed)).to.deep.equal({ ok: true, token: 'ya29.2' });
    of.forget('d1', 'ya29.2');
    expect(await of.of('d1', changed)).to.deep.equal({ ok: true, token: 'ya29.3' });
  });

  it('are fetched with an assertion of a service account, signed by its key for an hour', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const serviceAccount = { clientEmail: 'leads@project.iam.gserviceaccount.com', privateKey, privateKeyId: 'key1' };
    const { of, forms } = tokens();
    await of.of('d1', { serviceAccount });
    const form = new URLSearchParams(forms[0]);
    expect(form.get('grant_type')).to.equal('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [head = '', claims = '', signature = ''] = form.get('assertion')?.split('.') ?? [];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(head)).to.deep.equal({ alg: 'RS256', typ: 'JWT', kid: 'key1' });
    expect(read(claims)).to.deep.equal({
      iss: 'leads@project.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/datamanager',
      aud: 'https://oauth2.googleapis.com/token',
      iat: now / 1_000,
      exp: now / 1_000 + 3_600,
    });
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))).to.equal(
      true,
    );
  });

  const clock = 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
  const refusals: readonly (readonly [row: string, PlatformAnswer, kind: string, code: string | null])[] = [
    ['a grant that is none', answer(400, { error: 'invalid_grant' }), 'AUTH_BROKEN', 'invalid_grant'],
    ['a client that is none', answer(401, { error: 'invalid_client' }), 'AUTH_BROKEN', 'invalid_client'],
    [
      'a wrong signature',
      answer(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }),
      'AUTH_BROKEN',
      'invalid_grant',
    ],
    [
      'a clock that is wrong, which is ours',
      answer(400, { error: 'invalid_grant', error_description: clock }),
      'RETRY',
      'invalid_grant',
    ],
    ['trouble', answer(503, { error: 'internal_failure' }), 'RETRY', 'internal_failure'],
    ['too many at a time', answer(429, { error: 'rate_limit_exceeded' }), 'RETRY', 'rate_limit_exceeded'],
    ['HTML', answer(400, '<html></html>'), 'RETRY', '400'],
    ['half an answer', answer(200, '{"half": '), 'RETRY', '200'],
    ['no answer', answer(null), 'RETRY', null],
  ];
  for (const [row, said, kind, code] of refusals) {
    it(`are refused with ${kind} for ${row}`, async () => {
      const { of } = tokens(() => said);
      const refused = await of.of('d1', refresh);
      expect(refused).to.deep.include({ ok: false });
      if (!refused.ok) expect(refused.verdict).to.include({ kind, code });
    });
  }

  it('are asked for again after a refusal, whose words never bring back a secret', async () => {
    const words = 'GOCSPX-secret and 1//0gRefresh are no good';
    const { of, forms } = tokens(() => answer(400, { error: 'invalid_grant', error_description: words }));
    await of.of('d1', refresh);
    const refused = await of.of('d1', refresh);
    expect(forms).to.have.length(2);
    if (!refused.ok) expect(refused.verdict.message).to.match(/^… and … are no good Save a new serviceAccount/);
  });
});
