/** What a marketer has to know of each ad platform to connect it, test it and mend it; the guides say the rest. */
export interface PlatformField {
  /** Its name in the platform's input. */
  name: string;
  label: string;
  /** Where it is found. */
  help: string;
  placeholder?: string;
  isOptional?: boolean;
}

export interface PlatformWords {
  /** As inputs and addresses name it. */
  key: 'meta' | 'google' | 'linkedin' | 'tiktok';
  title: string;
  /** Which ads it credits. */
  ads: string;
  /** What one needs to connect it. */
  needs: string;
  settings: readonly PlatformField[];
  /** What is never shown again. Google's is chosen from two, see its form. */
  token: PlatformField;
  /** What a connection test does there. */
  test: string;
  /** Whether a test goes out by a test code. */
  hasTestCode: boolean;
  /** What somebody has to agree to before a test, because it counts; null where it counts nothing. */
  countsBecause: string | null;
  /** Where one sees what became of a conversion that was taken; goes on to "only … tells". */
  seenAt: string;
  /** For so many days it takes what happened. */
  ageDays: number;
}

export const platforms: readonly PlatformWords[] = [
  {
    key: 'meta',
    title: 'Meta',
    ads: 'Facebook and Instagram',
    needs: 'a dataset ID and an access token',
    settings: [
      {
        name: 'datasetId',
        label: 'Dataset ID',
        help: 'Events Manager → Data sources → your dataset → Settings.',
        placeholder: '1234567890123456',
      },
    ],
    token: {
      name: 'accessToken',
      label: 'Access token',
      help: 'The same Settings, Conversions API → “Generate access token”. It begins with EAA.',
    },
    test: 'Sends a made-up person with your test code. It appears in Events Manager → Test events.',
    hasTestCode: true,
    countsBecause: 'Meta counts test events like others: one lead of a made-up person will stand in your dataset.',
    seenAt: 'its Ads Manager',
    ageDays: 7,
  },
  {
    key: 'google',
    title: 'Google Ads',
    ads: 'Search, YouTube and Display',
    needs: 'a customer ID, a conversion action and a service account',
    settings: [
      {
        name: 'operatingAccountId',
        label: 'Customer ID',
        help: 'Of the account that owns the conversion action: Google Ads, at the top beside its name.',
        placeholder: '123-456-7890',
      },
      {
        name: 'loginAccountId',
        label: 'Manager ID',
        help: 'Only where access comes through a manager account.',
        placeholder: '123-456-7890',
        isOptional: true,
      },
      {
        name: 'conversionActionId',
        label: 'Conversion action ID',
        help: "Goals → Conversions → Summary → the action: the number behind ctId= in the page's address.",
        placeholder: '7123456789',
      },
    ],
    token: {
      name: 'serviceAccount',
      label: 'JSON key',
      help: 'The whole file: Google Cloud → IAM → Service accounts → Keys → Add key → JSON.',
    },
    test: 'Google checks a made-up person and counts nothing. Press it as often as you like.',
    hasTestCode: false,
    countsBecause: null,
    seenAt: 'the diagnostics of the action in Google Ads',
    ageDays: 60,
  },
  {
    key: 'linkedin',
    title: 'LinkedIn',
    ads: 'LinkedIn',
    needs: 'a conversion rule and an access token',
    settings: [
      {
        name: 'conversionUrn',
        label: 'Conversion URN',
        help: 'Campaign Manager → Measurement → Conversion tracking → a rule made for the Conversions API: its number.',
        placeholder: 'urn:lla:llaPartnerConversion:104012',
      },
    ],
    token: {
      name: 'accessToken',
      label: 'Access token',
      help: 'Campaign Manager → Data → Signals manager → Direct API. It lasts 60 days and begins with AQ.',
    },
    test: 'LinkedIn has no test mode: what is sent is a conversion like any other, of a made-up person.',
    hasTestCode: false,
    countsBecause:
      'One conversion of a made-up person will stand on this rule for good. No campaign is credited for it.',
    seenAt: 'its Campaign Manager',
    ageDays: 90,
  },
  {
    key: 'tiktok',
    title: 'TikTok',
    ads: 'TikTok',
    needs: 'a pixel code and an access token',
    settings: [
      {
        name: 'eventSourceId',
        label: 'Pixel code',
        help: 'Ads Manager → Tools → Events → Web events → your pixel: “ID” under its name.',
        placeholder: 'C1234567890ABCDEF',
      },
    ],
    token: {
      name: 'accessToken',
      label: 'Access token',
      help: 'The pixel → Settings → Events API → “Generate access token”.',
    },
    test: 'Sends a made-up person with your test code. It appears in Events Manager → Test events, and counts nowhere.',
    hasTestCode: true,
    countsBecause: null,
    seenAt: 'its Ads Manager',
    ageDays: 28,
  },
];

export const platformOf = (key: string): PlatformWords | undefined =>
  platforms.find((platform) => platform.key === key.toLowerCase());

export const guideOf = ({ key }: PlatformWords): string => `/docs/integrations/${key}`;
export const attributionGuide = '/docs/integrations/attribution';
