/** What of a page's query tells a platform where a click came from; everything else may tell of the person. */
const clickIdNames = ['fbclid', 'gclid', 'gbraid', 'wbraid', 'li_fat_id', 'ttclid', 'msclkid'];
const clickIdForm = /^[A-Za-z0-9._~-]{1,1000}$/;
const decodingsMax = 5;

/**
 * The address of a page as ad platforms may be told of it: without fragment, and without query but click ids and `utm_*`.
 * null for what is no web address, and for one in which the person's e-mail address or phone number may still stand.
 */
export function pageToSend(address: string | null): string | null {
  const url = address === null ? null : URL.parse(address.trim());
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  if (url.username !== '' || url.password !== '') return null;
  const pairs = url.search.slice(1).split('&');
  const utm = pairs.filter((pair) => nameAndValue(pair)[0].startsWith('utm_'));
  if (namesPerson(`${url.pathname}?${utm.join('&')}`)) return null;
  url.hash = '';
  url.search = pairs.filter((pair) => utm.includes(pair) || isClickId(...nameAndValue(pair))).join('&');
  return url.href;
}

function nameAndValue(pair: string): readonly [name: string, value: string] {
  const [entry = ['', ''] as const] = new URLSearchParams(pair);
  return entry;
}

const isClickId = (name: string, value: string) => clickIdNames.includes(name) && clickIdForm.test(value);

/** An `@`, or so many digits as a phone number has, also where they are encoded, more than once. */
function namesPerson(address: string): boolean {
  let text = address;
  for (let decodings = 0; decodings < decodingsMax && text.includes('%'); decodings += 1) text = decoded(text);
  return /[@＠]/u.test(text) || phoneShape.test(text.normalize('NFKC'));
}

/** Seven to fifteen digits that are no part of a word, with two marks between them at most; ids of campaigns are longer. */
const phoneShape = /(?<![\p{L}\p{N}_])\d(?:[ ().+-]{0,2}\d){6,14}(?![\p{L}\p{N}_])/u;

function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return ' ';
    }
  });
}
