import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { Costs, hashesPassword } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import {
  AcceptInvitation,
  InviteMember,
  RemoveMember,
  RevokeInvitation,
  TransferOwnership,
  UpdateMemberRole,
} from './account.input.js';
import { Invitation } from './invitation.entity.js';
import type { MemberService } from './member.service.js';
import { RemovedMember } from './removed-member.view.js';
import { User } from './user.entity.js';
import { Viewer, viewerOf } from './viewer.view.js';

const UserConnection = connectionType('User', User);
const InvitationConnection = connectionType('Invitation', Invitation);

const InviteMemberPayload = payloadType('InviteMemberPayload', 'The invitation and its link.', {
  invitation: [Invitation, 'The invitation.'],
  link: [String, 'Where to accept it, for 7 days; shown this once.'],
  token: [String, 'The token in the link.'],
});

const RevokeInvitationPayload = payloadType('RevokeInvitationPayload', 'The revoked invitation.', {
  invitation: [Invitation, 'The invitation as it was.'],
});

const AcceptInvitationPayload = payloadType('AcceptInvitationPayload', 'Who joined.', {
  viewer: [Viewer, 'Who calls from now on.'],
});

const UpdateMemberRolePayload = payloadType('UpdateMemberRolePayload', 'The changed member.', {
  member: [User, 'The person as they are now.'],
});

const TransferOwnershipPayload = payloadType('TransferOwnershipPayload', 'The new Owner.', {
  member: [User, 'The person as they are now.'],
});

@Resolver(() => User)
export class MemberResolver {
  constructor(private readonly members: MemberService) {}

  @Query(() => UserConnection, {
    name: 'members',
    description: 'The people of the workspace, newest first. For Owners and Admins.',
  })
  async list(@Ctx('actor') actor: Actor, @Args(() => ConnectionArgs) args: ConnectionArgs): Promise<Connection<User>> {
    actor.requireRole('ADMIN');
    const page = connectionPage(args, 'user');
    return connectionOf(page, await this.members.list(actor, page), async () => this.members.count(actor));
  }

  @Query(() => InvitationConnection, {
    name: 'invitations',
    description: 'The invitations that can still be accepted, newest first. For Owners and Admins.',
  })
  async listInvitations(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Invitation>> {
    actor.requireRole('ADMIN');
    const page = connectionPage(args, 'invitation');
    return connectionOf(page, await this.members.listInvitations(actor, page), async () =>
      this.members.countInvitations(actor),
    );
  }

  @Mutation(() => InviteMemberPayload, {
    description:
      'Makes a link to join with, for 7 days; one made earlier for the same e-mail ends. It works as long as who ' +
      'made it may give the role. `conflict` (`already_member`), and `plan_limit_exceeded` (`members`, ' +
      '`invitations`) beyond 1,000 and 100. For Owners and Admins.',
  })
  async inviteMember(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => InviteMember.type, { description: 'Whom.' }) input: object,
  ): Promise<InstanceType<typeof InviteMemberPayload>> {
    return await this.members.invite(actor, () => validate(InviteMember, input, 'camelCase'));
  }

  @Mutation(() => RevokeInvitationPayload, { description: 'Ends the link of an invitation. For Owners and Admins.' })
  async revokeInvitation(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RevokeInvitation.type, { description: 'Which one.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof RevokeInvitationPayload>> {
    return { invitation: await this.members.revokeInvitation(actor, id) };
  }

  @Costs(hashesPassword)
  @Mutation(() => AcceptInvitationPayload, {
    description:
      'Makes the account, begins a session and sets its cookie. `resource_not_found` for a link that works no ' +
      'more, `conflict` (`email_taken`) where the e-mail has an account. For anybody.',
  })
  async acceptInvitation(
    @Ctx() { transport }: OperationContext,
    @Arg('input', () => AcceptInvitation.type, { description: 'The token and the account.' })
    input: object,
  ): Promise<InstanceType<typeof AcceptInvitationPayload>> {
    const joined = await this.members.accept(() => validate(AcceptInvitation, input, 'camelCase'), transport.origin);
    transport.cookie?.set(joined.token);
    return { viewer: viewerOf(joined.actor) };
  }

  @Mutation(() => UpdateMemberRolePayload, {
    description:
      'Changes a role; the sessions of the person end, and the invitations they made that they might not make now. ' +
      '`conflict` (`last_owner`) where no Owner would be left. For Owners and Admins.',
  })
  async updateMemberRole(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateMemberRole.type, { description: 'Who becomes what.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateMemberRolePayload>> {
    return { member: await this.members.updateRole(actor, id, () => validate(UpdateMemberRole, input, 'camelCase')) };
  }

  @Mutation(() => RemovedMember, {
    description:
      "Ends a person's account, with their sessions and the invitations they made. Keys that they made go on " +
      'working: see `apiKeysMade`. `conflict` (`last_owner`) where no Owner would be left. For Owners and Admins.',
  })
  async removeMember(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RemoveMember.type, { description: 'Who.' }) { id }: { id: string },
  ): Promise<RemovedMember> {
    return { member: await this.members.remove(actor, id) };
  }

  @Mutation(() => TransferOwnershipPayload, {
    description:
      'Makes another the Owner and the caller an Admin; the caller gets a new session. `conflict` ' +
      '(`already_owner`) of oneself. For Owners.',
  })
  async transferOwnership(
    @Ctx() { actor, transport }: OperationContext,
    @Arg('input', () => TransferOwnership.type, { description: 'To whom.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof TransferOwnershipPayload>> {
    const { owner, signedIn } = await this.members.transferOwnership(actor, id);
    if (signedIn !== null) transport.cookie?.set(signedIn.token);
    return { member: owner };
  }
}
