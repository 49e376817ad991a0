import { z } from 'zod';
import { input, line } from '../platform/validate.js';
import { SubmissionStatusEnum } from './submission.entity.js';

// Checked against the bot's schema once the bot is known.
const data = z.custom<Record<string, unknown>>((value) => value !== null);
const status = z.enum(SubmissionStatusEnum);

export const CreateSubmission = input(() => ({
  data,
  status: status.default('COMPLETED'),
  isTest: z.boolean().default(false),
}));

/** `data` merges; null removes a value. */
export const UpdateSubmission = input(() => ({ data: data.optional(), status: status.optional() }));

export const AddSubmissionMessage = input(() => ({
  role: z.enum(['assistant', 'user']),
  content: line(10_000),
}));
