import { z } from 'zod';
import { roles } from '../platform/actor.js';
import { email, input, line } from '../platform/validate.js';
import { passwordCharactersMax, passwordCharactersMin } from './password.js';

const newPassword = z
  .string()
  .max(passwordCharactersMax)
  .refine((text) => text.length >= passwordCharactersMin, {
    message: `must have at least ${passwordCharactersMin} characters`,
    params: { code: 'out_of_range' },
  });

/** Whatever is wrong with either, the answer is the same. */
export const SignIn = input(() => ({ email: z.string().max(1_000), password: z.string().max(10_000) }));

export const ChangePassword = input(() => ({ currentPassword: z.string().max(10_000), newPassword }));

export const InviteMember = input(() => ({ email, role: z.enum(roles).default('MEMBER') }));

export const AcceptInvitation = input(() => ({ token: z.string().max(200), name: line(100), password: newPassword }));

export const UpdateMemberRole = input(() => ({ role: z.enum(roles) }));
