import { ID, Int } from 'type-graphql';
import { z } from 'zod';
import { isCidr } from '../platform/addresses.js';
import { scopes } from '../platform/actor.js';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTime, ScopeScalar } from '../platform/graphql/scalars.js';
import { isoDate, line } from '../platform/validate.js';

const cidr = z
  .string()
  .refine(isCidr, { message: 'must be a range such as 203.0.113.0/24', params: { code: 'bad_format' } });

const rotationOverlapSecondsMax = 604_800;

export const CreateApiKey = inputType('CreateApiKeyInput', 'A new key.', () => ({
  name: [line(100), String, 'What it is for, at most 100 characters.'],
  scopes: [z.array(z.enum(scopes)).min(1).max(scopes.length), [ScopeScalar], 'What it may do, at least one.'],
  expiresAt: [z.union([z.date(), isoDate]).nullable().optional(), DateTime, 'When it stops working; never by default.'],
  allowedCidrs: [
    z.array(cidr).max(50).default([]),
    [String],
    'Ranges it may call from, such as `203.0.113.0/24`, at most 50; from anywhere by default.',
  ],
  documentsOnly: [z.boolean().default(false), Boolean, 'Whether it may run trusted documents only; false by default.'],
}));

export const RotateApiKey = inputType('RotateApiKeyInput', 'Which key, and how long the old secret works on.', () => ({
  id: [ID, 'The id of the key.'],
  overlapSeconds: [
    z.number().int().min(0).max(rotationOverlapSecondsMax).default(86_400),
    Int,
    'How long the secret so far works beside the new one: 0 to 604,800 seconds, a day by default. Earlier ones, five ' +
      'at most, work as long as their own overlap said.',
  ],
}));

export const RevokeApiKey = inputType('RevokeApiKeyInput', 'Which key.', () => ({ id: [ID, 'The id of the key.'] }));
