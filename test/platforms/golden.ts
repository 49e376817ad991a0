import { createHash } from 'node:crypto';

/**
 * People as they type themselves, and the digests by which each platform knows them: literals, from what the platforms
 * publish and from what was computed by hand (`printf %s V | sha256sum`). Nothing here normalises anything: a double
 * that shared the product's normal forms would share its mistakes.
 */

export const platformNames = ['meta', 'google', 'linkedin', 'tiktok'] as const;
export type PlatformName = (typeof platformNames)[number];

/** Digests by the platform's own name of the field; where a platform's documents allow two forms, both. */
export type Digests = Readonly<Record<string, string | readonly string[]>>;

export interface GoldenPerson {
  /** What the person typed, by the names of a bot's fields. */
  readonly typed: Readonly<Record<string, string>>;
  readonly digests: Readonly<Record<PlatformName, Digests>>;
}

/** What may never be hashed: the digest on the wire would be a person that nobody is. */
export const digestsOfNothing: Readonly<Record<string, string>> = {
  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855: '',
  '74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b': 'null',
  eb045d78d273107348b0300c01d29b7552d622abbc6faf81b3ec55359aa9950c: 'undefined',
  b28c94b2195c8ed259f0b415aaee3f39b0b2920a4537611499fa044956917a21: '[object Object]',
  d5b592c05dc25b5032553f1b27f4139be95e881f73db33b02b05ab20c3f9981e: 'NaN',
};

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const jane = '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2';
const doe = '799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f';
const obrien = 'b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba';
const oApostropheBrien = '65b87174be3b1b122e2b0929f0b84888637d31a4a83bb96a860bcff411f5e668';
const zip94105 = 'e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e';
const california = '6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126';
const unitedStates = '79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621';

/** Lives in San Francisco, reads mail at Gmail, and types her phone number as at home. */
export const janeDoe: GoldenPerson = {
  typed: {
    email: ' Jane.Doe+Lead@Gmail.com ',
    phone: '(415) 555-0132',
    first_name: 'Jane',
    last_name: 'Doe',
    city: 'San Francisco',
    state: 'California',
    zip: '94105',
    country: 'United States',
  },
  digests: {
    meta: {
      em: 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa',
      ph: '11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51',
      fn: jane,
      ln: doe,
      ct: '1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac',
      st: california,
      zp: zip94105,
      country: unitedStates,
    },
    google: {
      emailAddress: 'd6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69',
      phoneNumber: '9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462',
      givenName: jane,
      familyName: doe,
    },
    linkedin: { SHA256_EMAIL: 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa' },
    tiktok: {
      email: 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa',
      phone: '9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462',
      first_name: jane,
      last_name: doe,
      zip_code: zip94105,
    },
  },
};

/** Nobody's, but the digest of her id at the contact is published here. */
export const externalId = {
  typed: 'cm7abc12x0001yz9k8mno3pqr',
  digest: '48688e69356492ab0e13adc949ad46fe5dd46a26ee00f125bb8b20ed050f6045',
};

/** One answer and the digest of it at each platform; null where none may be sent, two where the documents allow both. */
export interface GoldenAnswer {
  readonly field: 'email' | 'phone' | 'first_name' | 'last_name' | 'city' | 'zip' | 'state' | 'country';
  readonly typed: string;
  readonly defaultCountry?: string;
  readonly meta: GoldenDigest;
  readonly google: GoldenDigest;
  readonly linkedin: GoldenDigest;
  readonly tiktok: GoldenDigest;
}

type GoldenDigest = string | readonly string[] | null;

const everywhere = (digest: string) => ({ meta: digest, google: digest, linkedin: digest, tiktok: digest });
const phone = (withoutPlus: string | null, withPlus: string | null) => ({
  meta: withoutPlus,
  google: withPlus,
  linkedin: null,
  tiktok: withPlus,
});
const name = (digest: string) => ({ meta: digest, google: digest, linkedin: null, tiktok: digest });
const metaOnly = (digest: string) => ({ meta: digest, google: null, linkedin: null, tiktok: null });

export const goldenAnswers: readonly GoldenAnswer[] = [
  {
    field: 'email',
    typed: ' Jane.Doe+Lead@Gmail.com ',
    ...everywhere('bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa'),
    google: 'd6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69',
  },
  {
    field: 'email',
    typed: ' John.Doe+x@gmail.com',
    ...everywhere('86500804d4aa2249bdf6687587eb061a86264d1e81d5a5c4750c88b2ec2d9093'),
    google: '06a240d11cc201676da976f7b49341181fd180da37cbe40a77432c0a366c80c3',
  },
  {
    field: 'email',
    typed: 'John.Doe@Example.com',
    ...everywhere('836f82db99121b3481011f16b49dfa5fbc714a0d1b1b9f784a1ebbbf5b39577f'),
  },
  {
    field: 'email',
    typed: 'john_smith@gmail.com',
    ...everywhere('62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f'),
  },
  {
    field: 'email',
    typed: 'alexz@example.com',
    ...everywhere('509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a'),
  },
  {
    field: 'email',
    typed: 'user.name+NYC@Example.com',
    ...everywhere('f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac'),
  },
  {
    field: 'email',
    typed: 'QuinnY@example.com',
    ...everywhere('d00d0a7c6d491b3782fd78b410748048859e16467faa0651f060978d4bb343cc'),
  },
  {
    field: 'email',
    typed: 'jefferson.Loves.hiking@gmail.com',
    ...everywhere(sha256('jefferson.loves.hiking@gmail.com')),
    google: '515d2f967f73864e76937ab2b897210a86fd286016903b1b08c3da07c75f513e',
  },
  {
    field: 'email',
    typed: 'Cloudy.SanFrancisco+shopping@gmail.com',
    ...everywhere(sha256('cloudy.sanfrancisco+shopping@gmail.com')),
    google: '223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4',
  },
  {
    field: 'email',
    typed: 'DaffyDuck@WarnerBros.com',
    ...everywhere('2d2fb2388f17f86affee71d632978425a3037fa8eed5b3f2baaa458c80d495ed'),
  },
  {
    field: 'phone',
    typed: '(415) 555-0132',
    defaultCountry: 'US',
    ...phone(
      '11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51',
      '9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462',
    ),
  },
  {
    field: 'phone',
    typed: '+1 650 555 1212',
    ...phone(
      'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176',
      '1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8',
    ),
  },
  {
    field: 'phone',
    typed: '+1 800 555 0100',
    ...phone(sha256('18005550100'), 'fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30'),
  },
  { field: 'phone', typed: '(415) 555-0132', ...phone(null, null) },
  {
    field: 'first_name',
    typed: 'Mary',
    ...name('6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec'),
  },
  {
    field: 'first_name',
    typed: 'Valéry',
    ...name('08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c'),
  },
  {
    field: 'last_name',
    typed: '정',
    ...name('8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14'),
  },
  {
    field: 'last_name',
    typed: 'Müller',
    ...name('2dbd218072117713f2d5996a726a9b216ed791ffd0783b6ba4ab6d61b8333192'),
  },
  {
    field: 'last_name',
    typed: "O'Brien",
    ...metaOnly(obrien),
    google: [obrien, oApostropheBrien],
    tiktok: oApostropheBrien,
  },
  {
    field: 'city',
    typed: 'San Francisco',
    ...metaOnly('1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac'),
  },
  {
    field: 'city',
    typed: 'New York',
    ...metaOnly('350c754ba4d38897693aa077ef43072a859d23f613443133fecbbd90a3512ca5'),
  },
  { field: 'zip', typed: '94105-1234', ...metaOnly(zip94105), tiktok: [zip94105, sha256('94105-1234')] },
  { field: 'state', typed: 'CA', ...metaOnly(california) },
  { field: 'country', typed: 'US', ...metaOnly(unitedStates) },
];
