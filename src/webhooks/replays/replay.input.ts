import { ID, Int } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../../platform/graphql/input-type.js';
import { DateTime } from '../../platform/graphql/scalars.js';
import { isoDate } from '../../platform/validate.js';
import { ReplayOnlyEnum } from './replay.entity.js';

// GraphQL's DateTime scalar gives a date; REST a text.
const moment = z.union([z.date(), isoDate]);

/** Deliveries a second of one replay, and of all replays to one host together. */
export const replayRateMax = 100;

export const StartReplay = inputType('StartReplayInput', 'What to send once more, over a range of time.', () => ({
  endpointId: [ID, 'The endpoint.'],
  since: [moment, DateTime, 'Events from then on.'],
  until: [moment.nullable().optional(), DateTime, 'Events before then; now by default.'],
  only: [z.enum(ReplayOnlyEnum).default('ALL'), ReplayOnlyEnum, 'Which of them; ALL by default.'],
  ratePerSecond: [z.int().min(1).max(replayRateMax).default(50), Int, 'Deliveries a second: 1 to 100, 50 by default.'],
  dryRun: [z.boolean().default(false), Boolean, 'Only count them; false by default.'],
}));

export const CancelReplay = inputType('CancelReplayInput', 'The replay to stop.', () => ({ id: [ID, 'The replay.'] }));
