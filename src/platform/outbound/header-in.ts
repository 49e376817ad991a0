/** The value of a header in a kept head, by its lower-case name: the first one, as it came. */
export function headerIn(head: string, name: string): string | null {
  for (const line of head.split('\n')) {
    const colon = line.indexOf(':');
    if (line.slice(0, colon).trimEnd().toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return null;
}
