import { ID } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { line } from '../platform/validate.js';

export const UpdateWorkspace = inputType('UpdateWorkspaceInput', 'What to change; what is absent stays.', () => ({
  name: [line(200).optional(), String, 'Its name, at most 200 characters.'],
  agentsMayConnect: [z.boolean().optional(), Boolean, 'Whether agents may connect. For Owners.'],
}));

export const DismissNotice = inputType('DismissNoticeInput', 'Which notice.', () => ({ id: [ID, 'The notice.'] }));
