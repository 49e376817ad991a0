/** The host and the path: what is posted to is https, but on a machine of one's own. */
export const shortUrl = (url: string): string => url.replace(/^https:\/\//, '');

/** The host and the path alone: two endpoints may have one host. */
export const placeOf = (url: string): string => {
  const { host, pathname } = URL.parse(url) ?? { host: url, pathname: '/' };
  return pathname === '/' ? host : host + pathname;
};

/** The host alone, for who answered. */
export const hostOf = (url: string): string => URL.parse(url)?.host ?? url;
