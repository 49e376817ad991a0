/** The host and the path: what is posted to is https, but on a machine of one's own. */
export const shortUrl = (url: string): string => url.replace(/^https:\/\//, '');

/** The host alone, for sentences. */
export const hostOf = (url: string): string => URL.parse(url)?.host ?? url;
