import { ID } from 'type-graphql';
import { z } from 'zod';
import { roles } from '../platform/actor.js';
import { inputType } from '../platform/graphql/input-type.js';
import { email, line } from '../platform/validate.js';
import { passwordCharactersMax, passwordCharactersMin } from './password.js';
import { RoleEnum } from './user.entity.js';

const newPassword = z
  .string()
  .max(passwordCharactersMax)
  .refine((text) => text.length >= passwordCharactersMin, {
    message: `must have at least ${passwordCharactersMin} characters`,
    params: { code: 'out_of_range' },
  });

/** Wide bounds: a wrong e-mail and a wrong password must get one answer, which tells neither from the other. */
export const SignIn = inputType('SignInInput', 'An e-mail and its password.', () => ({
  email: [z.string().max(1_000), String, 'The e-mail, in any case.'],
  password: [z.string().max(10_000), String, 'The password.'],
}));

export const ChangePassword = inputType(
  'ChangePasswordInput',
  'The password that is and the one that will be.',
  () => ({
    currentPassword: [z.string().max(10_000), String, 'The password so far.'],
    newPassword: [newPassword, String, 'The new one: 8 to 200 characters.'],
  }),
);

export const EndSession = inputType('EndSessionInput', 'Which session.', () => ({ id: [ID, 'The session.'] }));

export const InviteMember = inputType('InviteMemberInput', 'Whom, and as what.', () => ({
  email: [email, String, 'The e-mail, at most 254 characters.'],
  role: [z.enum(roles).default('MEMBER'), RoleEnum, 'MEMBER by default; only an Owner invites an Owner.'],
}));

export const RevokeInvitation = inputType('RevokeInvitationInput', 'Which invitation.', () => ({
  id: [ID, 'The invitation.'],
}));

export const AcceptInvitation = inputType(
  'AcceptInvitationInput',
  'The token of the link, and the account to make.',
  () => ({
    token: [z.string().max(200), String, 'The token in the link.'],
    name: [line(100), String, 'The name others see, at most 100 characters.'],
    password: [newPassword, String, 'The password: 8 to 200 characters.'],
  }),
);

export const UpdateMemberRole = inputType('UpdateMemberRoleInput', 'Who becomes what.', () => ({
  id: [ID, 'The person.'],
  role: [z.enum(roles), RoleEnum, 'The new role.'],
}));

export const RemoveMember = inputType('RemoveMemberInput', 'Who goes.', () => ({ id: [ID, 'The person.'] }));

export const TransferOwnership = inputType('TransferOwnershipInput', 'Who becomes the Owner.', () => ({
  id: [ID, 'The person.'],
}));
