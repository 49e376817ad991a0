import { z } from 'zod';
import { scopes } from '../platform/actor.js';
import { isCidr } from '../platform/config.js';
import { input, isoDate, line } from '../platform/validate.js';

const cidr = z
  .string()
  .refine(isCidr, { message: 'must be a range such as 203.0.113.0/24', params: { code: 'bad_format' } });

export const rotationOverlapSecondsMax = 604_800;

export const RotateApiKey = input(() => ({
  overlapSeconds: z.number().int().min(0).max(rotationOverlapSecondsMax).default(86_400),
}));

export const CreateApiKey = input(() => ({
  name: line(100),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  expiresAt: z.union([z.date(), isoDate]).nullable().optional(),
  allowedCidrs: z.array(cidr).max(50).default([]),
  documentsOnly: z.boolean().default(false),
}));
