import { reasons, type ConversionRow } from './conversions';
import type { PlatformWords } from './platforms';

/**
 * What to do about a conversion; null where nothing is to be done. What a platform that refuses its token or settings
 * wants mended, the answer's own words say.
 */
export function adviceFor({ title, seenAt }: PlatformWords, { status, verdict, reason }: ConversionRow): string | null {
  switch (status) {
    case 'SKIPPED':
      return (reason === null ? null : reasons[reason]?.advice) ?? null;
    case 'HELD':
      return 'Mend what is wrong and resume: what is held is sent then, the oldest first.';
    case 'ACCEPTED':
      return `Nothing: ${title} is asked later what became of it.`;
    case 'EXPIRED':
      return `Nothing more: ${title} takes nothing that is older.`;
    case 'REJECTED':
      return `Mend what ${title} names, where it is in the settings, then resend it: the same event, counted once.`;
    case 'PENDING':
    case 'SENDING':
      return verdict === 'RETRY' ? 'Nothing: it is tried again by itself.' : null;
    case 'DELIVERED':
      return `Nothing: ${title} has it. Whether it found the person, and which ad it credits, only ${seenAt} tells.`;
  }
}
