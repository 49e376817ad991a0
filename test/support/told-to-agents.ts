import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** Bounds of what a model is given, in tokens. */
export const tokensMax = { list: 5_000, tool: 600, searchPage: 3_000, result: 8_000 };
/** How many rows a search gives that is not told how many. */
export const searchPageSize = 20;

/** English and JSON have some 3.5 bytes a token for the tokenizers that models use. */
export const tokensOf = (value: unknown) => Math.ceil(Buffer.byteLength(JSON.stringify(value)) / 3.5);

/** Tests give endpoints a custom header of this value: no result may have it. */
export const customHeaderValue = 'a-value-for-the-receiver-alone';
const secret = new RegExp(`whsec_|iozen_live_[a-z0-9]{8}|${customHeaderValue}`, 'i');

/** A result of a tool, as far as it is looked at. */
interface Result {
  isError?: boolean | undefined;
  structuredContent?: unknown;
}

type List = () => Promise<readonly { name: string; outputSchema?: unknown }[]>;

const validators = new Map<string, Promise<Map<string, ValidateFunction>>>();

/**
 * Fails where a result is not as its tool's output schema says, has a secret, or more tokens than it may. Every client in
 * tests shows its results here.
 * @param who callers with the same tools
 */
export async function watch(who: string, list: List, name: string, args: object, result: Result): Promise<void> {
  const told = JSON.stringify(result);
  const found = secret.exec(told);
  if (found !== null) throw new Error(`${name} tells a secret: ${told.slice(found.index - 100, found.index + 60)}`);
  const { limit = searchPageSize } = args as { limit?: number };
  const max = name.startsWith('search_') && limit <= searchPageSize ? tokensMax.searchPage : tokensMax.result;
  const tokens = tokensOf(result);
  if (tokens > max) throw new Error(`${name} tells ${tokens} tokens, more than ${max}: ${told.slice(0, 2_000)}`);
  if (result.isError === true) return;
  const made = validators.get(who) ?? validatorsOf(list);
  validators.set(who, made);
  const validate = (await made).get(name);
  if (validate === undefined) throw new Error(`${name} answered, which is not listed`);
  if (validate(result.structuredContent)) return;
  throw new Error(
    `${name} is not as its output schema says: ${JSON.stringify(validate.errors)}\n${told.slice(0, 2_000)}`,
  );
}

/** The schemas are open, so that they are short; but what stands beside them all, they name. */
async function validatorsOf(list: List): Promise<Map<string, ValidateFunction>> {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
  return new Map(
    (await list()).map(({ name, outputSchema }) => [
      name,
      ajv.compile({ ...(outputSchema as object), additionalProperties: false }),
    ]),
  );
}
