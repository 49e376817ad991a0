import { input, jsonObject, line } from '../platform/validate.js';

const recordType = line(100).regex(
  /^[a-z][a-z0-9_-]*$/i,
  'must begin with a letter, and have letters, digits, _ and - only',
);
const data = jsonObject;

export const CreateRecord = input(() => ({ recordType, data }));

/** `data` merges; null removes a value. */
export const UpdateRecord = input(() => ({ recordType: recordType.optional(), data: data.optional() }));

export const LinkRecordContact = input(() => ({ role: line(100) }));
