import { input, line } from '../platform/validate.js';

export const UpdateWorkspace = input(() => ({ name: line(200).optional() }));
