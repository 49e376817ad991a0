import { expect } from 'chai';
import { digest, withDigestsCut } from '../../../src/conversions/platforms/digest.js';
import {
  country,
  email,
  externalId,
  googleEmail,
  googleFamilyName,
  googleGivenName,
  lettersAndDigits,
  name,
  phone,
  phoneDigits,
  plain,
  postalCode,
  type NormalForm,
} from '../../../src/conversions/platforms/normal-forms.js';

/** What was written, the form, and the digest by which the platform knows it: those that platforms publish, and ours. */
const table: readonly (readonly [written: string, NormalForm, normal: string, digest: string])[] = [
  [
    'John_Smith@gmail.com',
    email,
    'john_smith@gmail.com',
    '62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f',
  ],
  ['+16505551212', phoneDigits, '16505551212', 'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176'],
  ['Mary', lettersAndDigits, 'mary', '6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec'],
  ['Vale\u0301ry', lettersAndDigits, 'val\u00e9ry', '08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c'],
  ['정', lettersAndDigits, '정', '8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14'],
  ['US', country, 'us', '79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621'],
  [
    'alexz@example.com',
    googleEmail,
    'alexz@example.com',
    '509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a',
  ],
  ['+18005550100', phone, '+18005550100', 'fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30'],
  [
    'jefferson.Loves.hiking@gmail.com',
    googleEmail,
    'jeffersonloveshiking@gmail.com',
    '515d2f967f73864e76937ab2b897210a86fd286016903b1b08c3da07c75f513e',
  ],
  [
    'Cloudy.SanFrancisco+shopping@gmail.com',
    googleEmail,
    'cloudysanfrancisco@gmail.com',
    '223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4',
  ],
  [
    'user.name+NYC@Example.com',
    googleEmail,
    'user.name+nyc@example.com',
    'f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac',
  ],
  [
    'QuinnY@example.com',
    googleEmail,
    'quinny@example.com',
    'd00d0a7c6d491b3782fd78b410748048859e16467faa0651f060978d4bb343cc',
  ],
  [
    ' DaffyDuck@WarnerBros.com',
    email,
    'daffyduck@warnerbros.com',
    '2d2fb2388f17f86affee71d632978425a3037fa8eed5b3f2baaa458c80d495ed',
  ],
  ['+12345678901234', phone, '+12345678901234', '00a63bd0437d6ca0fa7b95c00ab2e7c020faa71440e5246750d6b517689e6777'],
  [
    ' Jane.Doe+Lead@Gmail.com ',
    email,
    'jane.doe+lead@gmail.com',
    'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa',
  ],
  [
    ' Jane.Doe+Lead@Gmail.com ',
    googleEmail,
    'janedoe@gmail.com',
    'd6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69',
  ],
  [
    ' John.Doe+x@gmail.com',
    email,
    'john.doe+x@gmail.com',
    '86500804d4aa2249bdf6687587eb061a86264d1e81d5a5c4750c88b2ec2d9093',
  ],
  [
    ' John.Doe+x@gmail.com',
    googleEmail,
    'johndoe@gmail.com',
    '06a240d11cc201676da976f7b49341181fd180da37cbe40a77432c0a366c80c3',
  ],
  [
    'John.Doe@Example.com',
    email,
    'john.doe@example.com',
    '836f82db99121b3481011f16b49dfa5fbc714a0d1b1b9f784a1ebbbf5b39577f',
  ],
  [
    'John.Doe@Example.com',
    googleEmail,
    'john.doe@example.com',
    '836f82db99121b3481011f16b49dfa5fbc714a0d1b1b9f784a1ebbbf5b39577f',
  ],
  ['+14155550132', phoneDigits, '14155550132', '11072303eb5c8cb5c5a1ebb762f11b37b07131265b46fdfe1276196bfbd3ca51'],
  ['+14155550132', phone, '+14155550132', '9e1919ad78a34fd67a84bfbcf2fea14074065517bea32e92924771c3f92e5462'],
  ['+16505551212', phone, '+16505551212', '1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8'],
  ['Jane', lettersAndDigits, 'jane', '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2'],
  ['Jane', name, 'jane', '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2'],
  ['Dr. Jane', googleGivenName, 'jane', '81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2'],
  ['Doe', lettersAndDigits, 'doe', '799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f'],
  ['Doe, Jr. PhD', googleFamilyName, 'doe', '799ef92a11af918e3fb741df42934f3b568ed2d93ac1df74f1b8d41a27932a6f'],
  ["O'Brien", lettersAndDigits, 'obrien', 'b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba'],
  ['Müller', lettersAndDigits, 'müller', '2dbd218072117713f2d5996a726a9b216ed791ffd0783b6ba4ab6d61b8333192'],
  [
    'San Francisco',
    lettersAndDigits,
    'sanfrancisco',
    '1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac',
  ],
  ['New York', lettersAndDigits, 'newyork', '350c754ba4d38897693aa077ef43072a859d23f613443133fecbbd90a3512ca5'],
  ['CA', lettersAndDigits, 'ca', '6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126'],
  ['94105-1234', postalCode('US'), '94105', 'e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e'],
  ['94105-1234', postalCode(null), '94105', 'e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e'],
  [
    'cm7abc12x0001yz9k8mno3pqr',
    externalId,
    'cm7abc12x0001yz9k8mno3pqr',
    '48688e69356492ab0e13adc949ad46fe5dd46a26ee00f125bb8b20ed050f6045',
  ],
];

describe('the forms in which platforms know a person', () => {
  for (const [written, form, normal, expected] of table) {
    it(`makes ${normal} of ${written}, and its digest`, () => {
      expect(form(written)).to.equal(normal);
      expect(digest(form(written))).to.equal(expected);
    });
  }

  it('never makes a digest of nothing', () => {
    expect(digest('')).to.equal(null);
    expect(digest(null)).to.equal(null);
    const forms = { email, googleEmail, phone, phoneDigits, lettersAndDigits, name, country, externalId, plain };
    const others = { googleGivenName, googleFamilyName, postalCode: postalCode('US') };
    for (const [called, form] of Object.entries({ ...forms, ...others })) {
      for (const blank of ['', ' ', '\u00a0\n'])
        expect(form(blank), `${called} of ${JSON.stringify(blank)}`).to.equal(null);
    }
  });

  it('has none for what is nothing but punctuation, a title, or the rest of a mailbox', () => {
    expect(lettersAndDigits('-')).to.equal(null);
    expect(googleGivenName('Mr. ')).to.equal(null);
    expect(googleEmail('+news@gmail.com')).to.equal(null);
    expect(googleEmail('jane')).to.equal(null);
  });

  it('takes no other domain for Gmail, and all dots out of a mailbox there', () => {
    expect(googleEmail('a.b.c+d@gmailfoo.com')).to.equal('a.b.c+d@gmailfoo.com');
    expect(googleEmail('a.b.c+d@mygmail.com')).to.equal('a.b.c+d@mygmail.com');
    expect(googleEmail('a.b.c+d@GoogleMail.com')).to.equal('abc@googlemail.com');
    expect(googleEmail(' a b @ example.com')).to.equal('ab@example.com');
  });

  it("keeps what Google's own library keeps of a name", () => {
    expect(googleGivenName('Anna Maria')).to.equal('anna maria');
    expect(googleFamilyName("O'Brien III")).to.equal("o'brien");
    expect(googleGivenName('Drew')).to.equal('drew');
    expect(googleFamilyName('Ivy')).to.equal('ivy');
  });

  it('shortens the postal codes of the United States alone', () => {
    expect(postalCode('US')('941051234')).to.equal('94105');
    expect(postalCode('GB')('SW1A 1AA')).to.equal('sw1a1aa');
    expect(postalCode('BR')('01310-100')).to.equal('01310100');
    expect(postalCode(null)('123456789')).to.equal('123456789');
  });

  it('hashes a text that looks like a digest as what it is, a text', () => {
    const pasted = 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa';
    expect(digest(externalId(pasted)))
      .to.match(/^[0-9a-f]{64}$/)
      .and.not.equal(pasted);
  });

  it('lets no e-mail address and no international number go unhashed', () => {
    for (const text of ['jane@example.com', '+14155550132', 'call +1 415', '(415) 555-0132', '030 1234567'])
      expect(plain(text)).to.equal(null);
    expect(plain(' cm7abc12x0001yz9k8mno3pqr')).to.equal('cm7abc12x0001yz9k8mno3pqr');
    for (const id of ['4155550132', '1234-5678-90', 'Customer 17 of 2026001']) expect(plain(id)).to.equal(id);
  });

  it('shows the first eight characters of a digest', () => {
    const one = 'bcab6c76acf2c45553da7a8bc89906c22af55cecaba245cc017583aa91458baa';
    expect(withDigestsCut(JSON.stringify({ em: [one], id: 'abc' }))).to.equal('{"em":["bcab6c76…"],"id":"abc"}');
  });
});
