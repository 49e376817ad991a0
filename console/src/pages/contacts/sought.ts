/** What somebody looks for in the one box: the server finds contacts by whole addresses and ids. */
export interface Sought {
  kind: 'none' | 'id' | 'email' | 'phone' | 'other';
  text: string;
}

export function soughtOf(typed: string): Sought {
  const text = typed.trim();
  if (text === '') return { kind: 'none', text };
  if (/^c[a-z0-9]{8}p[a-z0-9]{15}$/.test(text)) return { kind: 'id', text };
  if (text.includes('@')) return { kind: 'email', text };
  if (/^\+?[\d\s().\-/]+$/.test(text)) return { kind: 'phone', text };
  return { kind: 'other', text };
}
