/** What a secret's download is called. */
export const secretFile = (host: string): string => `${host.replace(/[^\w.-]+/g, '-')}.webhook-secret.txt`;
