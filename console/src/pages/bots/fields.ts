/** Whether an item of a schema takes a value; others are shown, or group what follows. */
export const isField = ({ kind, type }: { kind: string | null; type: string }): boolean =>
  (kind === null || kind === 'field') && type !== 'group';
