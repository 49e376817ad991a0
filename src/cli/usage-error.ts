/** A mistake in how a command was written: exit code 2. */
export class UsageError extends Error {}
