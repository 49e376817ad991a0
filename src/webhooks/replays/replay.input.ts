import { z } from 'zod';
import { input, isoDate } from '../../platform/validate.js';
import { ReplayOnlyEnum } from './replay.entity.js';

// GraphQL's DateTime has been read already.
const moment = z.union([z.date(), isoDate]);

/** Deliveries a second, also of all replays to one host together. */
export const replayRateMax = 100;

export const StartReplay = input(() => ({
  since: moment,
  until: moment.nullable().optional(),
  only: z.enum(ReplayOnlyEnum).default('ALL'),
  ratePerSecond: z.int().min(1).max(replayRateMax).default(50),
  dryRun: z.boolean().default(false),
}));
