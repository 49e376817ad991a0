import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { readAccount } from '../../../src/conversions/platforms/account.js';
import { lastFourOf } from '../../../src/conversions/platforms/credential.js';
import { google } from '../../../src/conversions/platforms/google.js';
import { linkedin } from '../../../src/conversions/platforms/linkedin.js';
import { meta } from '../../../src/conversions/platforms/meta.js';
import { platformNamed, platforms } from '../../../src/conversions/platforms/platforms.js';
import type { Platform } from '../../../src/conversions/platforms/platform.js';
import { tiktok } from '../../../src/conversions/platforms/tiktok.js';
import { validate } from '../../../src/platform/validate.js';

const read = (platform: Platform, given: object, before: Record<string, string> | null = null) =>
  readAccount(platform, validate(platform.input, given, 'camelCase'), before);

const refusal = (platform: Platform, given: object): unknown => {
  try {
    validate(platform.input, given, 'camelCase');
    return null;
  } catch (error) {
    return (error as { details?: unknown }).details;
  }
};

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const keyFile = {
  type: 'service_account',
  client_email: 'leads@project.iam.gserviceaccount.com',
  private_key: privateKey,
  private_key_id: 'abcdef1234',
  token_uri: 'https://evil.example/token',
};

describe('an account of a platform', () => {
  it('is its ids, which may be read again, and one credential, which never is', () => {
    expect(read(meta, { datasetId: ' 123 ', accessToken: ' EAAB ' })).to.deep.equal({
      settings: { datasetId: '123' },
      credential: { accessToken: 'EAAB' },
      issues: [],
    });
    expect(
      read(linkedin, { conversionUrn: 'urn:lla:llaPartnerConversion:1', accessToken: 'AQX' }).issues,
    ).to.have.length(0);
    expect(read(tiktok, { eventSourceId: 'C12', accessToken: 'abc' }).issues).to.have.length(0);
  });

  it('has digits for ids of Google, however they were written, and a service account’s key without its address', () => {
    const given = { operatingAccountId: '987-654-3210', loginAccountId: '123-456-7890', conversionActionId: '71' };
    expect(read(google, { ...given, serviceAccount: JSON.stringify(keyFile) })).to.deep.equal({
      settings: { operatingAccountId: '9876543210', loginAccountId: '1234567890', conversionActionId: '71' },
      credential: {
        serviceAccount: {
          clientEmail: 'leads@project.iam.gserviceaccount.com',
          privateKey,
          privateKeyId: 'abcdef1234',
        },
      },
      issues: [],
    });
  });

  it('needs all of it when it is new', () => {
    expect(read(meta, {}).issues.map(({ path, code }) => [path, code])).to.deep.equal([
      ['meta.datasetId', 'required'],
      ['meta.accessToken', 'required'],
    ]);
    expect(read(google, {}).issues.map(({ path, message }) => [path, message])).to.deep.equal([
      ['google.operatingAccountId', 'is required'],
      ['google.conversionActionId', 'is required'],
      ['google.serviceAccount', 'is required, or else refresh'],
    ]);
  });

  it('keeps what a change leaves out', () => {
    const before = { operatingAccountId: '1', loginAccountId: '3', conversionActionId: '2' };
    expect(read(google, { conversionActionId: '4' }, before)).to.deep.equal({
      settings: { ...before, conversionActionId: '4' },
      credential: null,
      issues: [],
    });
  });

  it('takes away what null is given for, unless the platform needs it', () => {
    const before = { operatingAccountId: '1', loginAccountId: '3', conversionActionId: '2' };
    const { settings, issues } = read(google, { loginAccountId: null, conversionActionId: null }, before);
    expect(settings).to.deep.equal({ operatingAccountId: '1' });
    expect(issues.map(({ path, code }) => [path, code])).to.deep.equal([['google.conversionActionId', 'required']]);
  });

  it('has one credential at a time', () => {
    const refresh = { clientId: 'a', clientSecret: 'b', refreshToken: 'c' };
    const { issues } = read(
      google,
      { serviceAccount: JSON.stringify(keyFile), refresh },
      { operatingAccountId: '1', conversionActionId: '2' },
    );
    expect(issues.map(({ path, code }) => [path, code])).to.deep.equal([['google.refresh', 'not_allowed']]);
  });

  const wrong: readonly (readonly [Platform, object])[] = [
    [meta, { datasetId: '12/../34' }],
    [meta, { datasetId: '' }],
    [meta, { accessToken: 'EAAB two' }],
    [meta, { accessToken: 'EAAB\r\nx' }],
    [meta, { accessToken: '' }],
    [linkedin, { conversionUrn: '104012' }],
    [tiktok, { eventSourceId: 'C12/34' }],
    [google, { operatingAccountId: 'customers/1' }],
    [google, { operatingAccountId: '-' }],
    [google, { conversionActionId: 'customers/1/conversionActions/2' }],
    [google, { serviceAccount: '{}' }],
    [google, { serviceAccount: 'not JSON' }],
    [google, { serviceAccount: JSON.stringify({ ...keyFile, private_key: 'none' }) }],
  ];
  for (const [platform, given] of wrong) {
    const [[name, value] = ['', '']] = Object.entries(given);
    it(`of ${platform.title} has no ${name} of ${JSON.stringify(value).slice(0, 40)}`, () => {
      expect(refusal(platform, given)).to.be.an('object');
      expect(JSON.stringify(refusal(platform, given))).to.include(`"path":"${name}"`);
    });
  }

  it('is recognised by the last four characters of what nobody reads again', () => {
    const serviceAccount = { clientEmail: 'a@b', privateKey, privateKeyId: 'abcdef1234' };
    expect(lastFourOf({ accessToken: 'EAAB5678' })).to.equal('5678');
    expect(lastFourOf({ serviceAccount })).to.equal('1234');
    expect(lastFourOf({ refresh: { clientId: 'a', clientSecret: 'b', refreshToken: '1//0gRefresh' } })).to.equal(
      'resh',
    );
  });
});

describe('the platforms', () => {
  it('are found by their names', () => {
    for (const platform of platforms) expect(platformNamed(platform.name)).to.equal(platform);
    expect(platforms.map(({ name }) => name)).to.deep.equal(['meta', 'google', 'linkedin', 'tiktok']);
    expect(() => platformNamed('myspace')).to.throw('no platform called myspace');
  });

  it('take events for as long as each documents', () => {
    const days = Object.fromEntries(platforms.map(({ name, ageDaysMax }) => [name, ageDaysMax]));
    expect(days).to.deep.equal({ meta: 7, google: 60, linkedin: 90, tiktok: 28 });
  });
});
