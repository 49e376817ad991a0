import { enumType } from '../platform/graphql/enum-type.js';
import { platforms } from './platforms/platforms.js';

/** The platforms as GraphQL names them: `META`. */
export const ConversionPlatformEnum = enumType(
  'ConversionPlatform',
  'An ad platform.',
  Object.fromEntries(platforms.map(({ name, title }) => [name.toUpperCase(), [name, `${title}.`] as const])),
);
