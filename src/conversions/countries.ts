import { isCountryWithPhones } from '../platform/text/phone-number.js';

/** The ISO 3166 code of a country that is written as its code or by its English name; null for anything else. */
export function countryCode(text: string): string | null {
  const code = /^[a-z]{2}$/i.test(text.trim()) ? canonical(text.trim()) : null;
  return code ?? (countries ??= countriesByName()).get(folded(text)) ?? null;
}

/** The code of a state or territory of the United States, which is written as its code or by its English name. */
export const usStateCode = (text: string): string | null =>
  usStates.get(folded(text.trim().replace(/^US-(?=[A-Z]{2}$)/i, ''))) ?? null;

/** Made when the first name is looked for: it takes some milliseconds. */
let countries: ReadonlyMap<string, string> | null = null;

function countriesByName(): ReadonlyMap<string, string> {
  const names = (['long', 'short'] as const).map((style) => new Intl.DisplayNames('en', { type: 'region', style }));
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters
    .flatMap((one) => letters.map((other) => one + other))
    .filter((code) => canonical(code) === code);
  return new Map([
    ...codes.flatMap((code) => names.map((name) => [folded(name.of(code) ?? code), code] as const)),
    ...Object.entries(otherNames).flatMap(([code, others]) => others.map((name) => [folded(name), code] as const)),
  ]);
}

/** The code that stands for a country today: GB for UK. Codes of groups and of nothing, such as EU and ZZ, are none. */
function canonical(code: string): string | null {
  const { region = '' } = new Intl.Locale(`und-${code}`);
  return isCountryWithPhones(region) ? region : null;
}

/** What people write of a name: capitals, accents, dots, "The", "St." and "&" tell no two countries apart. */
function folded(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/&/g, 'and')
    .replace(/^\s*the\s/, '')
    .replace(/\bst\b/g, 'saint')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** What people write, and Unicode does not call a country by. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  AE: ['UAE'],
  CD: ['DR Congo', 'Democratic Republic of the Congo'],
  CI: ['Ivory Coast'],
  CV: ['Cabo Verde'],
  CZ: ['Czech Republic'],
  GB: ['Great Britain', 'Britain', 'England', 'Scotland', 'Wales', 'Northern Ireland'],
  IE: ['Republic of Ireland'],
  KR: ['Korea', 'Republic of Korea'],
  MK: ['Macedonia'],
  MM: ['Burma'],
  MO: ['Macau'],
  NL: ['Holland', 'The Netherlands'],
  RU: ['Russian Federation'],
  SZ: ['Swaziland'],
  TR: ['Turkey'],
  US: ['USA', 'U.S.A.', 'United States of America'],
};

/** `Intl` knows no names of states. */
const usStates: ReadonlyMap<string, string> = new Map(
  `AL Alabama, AK Alaska, AS American Samoa, AZ Arizona, AR Arkansas, CA California, CO Colorado, CT Connecticut,
   DE Delaware, DC District of Columbia, FL Florida, GA Georgia, GU Guam, HI Hawaii, ID Idaho, IL Illinois, IN Indiana,
   IA Iowa, KS Kansas, KY Kentucky, LA Louisiana, ME Maine, MD Maryland, MA Massachusetts, MI Michigan, MN Minnesota,
   MS Mississippi, MO Missouri, MT Montana, NE Nebraska, NV Nevada, NH New Hampshire, NJ New Jersey, NM New Mexico,
   NY New York, NC North Carolina, ND North Dakota, MP Northern Mariana Islands, OH Ohio, OK Oklahoma, OR Oregon,
   PA Pennsylvania, PR Puerto Rico, RI Rhode Island, SC South Carolina, SD South Dakota, TN Tennessee, TX Texas, UT Utah,
   VT Vermont, VI U.S. Virgin Islands, VA Virginia, WA Washington, WV West Virginia, WI Wisconsin, WY Wyoming`
    .split(',')
    .map((state) => state.trim())
    .flatMap((state) => [
      [folded(state.slice(0, 2)), state.slice(0, 2)],
      [folded(state.slice(3)), state.slice(0, 2)],
    ]),
);
