interface Sent {
  url: string;
  headers: readonly { name: string; value: string }[];
  body: string;
}

/** What stands for a value that is shown to nobody. */
const hidden = '•••';

/** Set by whoever sends. */
const byCurl = new Set(['host', 'content-length', 'connection', 'accept-encoding']);

/** For a shell: nothing in it is anything but text. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The request as a command. It has no secret: the signature is of the attempt, and the values of own headers are blanks. */
export function curlOf({ url, headers, body }: Sent): string {
  const given = headers
    .filter(({ name }) => !byCurl.has(name.toLowerCase()))
    .map(({ name, value }) => `-H ${quoted(`${name}: ${value === hidden ? `YOUR-${name.toUpperCase()}` : value}`)}`);
  return ['curl -i', quoted(url), ...given, `--data-raw ${quoted(body)}`].join(' \\\n  ');
}
