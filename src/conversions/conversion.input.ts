import { Field, ID, InputType } from 'type-graphql';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { ConversionStatusEnum, type ConversionStatus } from './conversion.entity.js';
import type { ConversionFilter } from './conversion.service.js';

@InputType('ConversionFilter', { description: 'Which conversions to list.' })
export class ConversionFilterInput implements ConversionFilter {
  @Field(() => ID, { nullable: true, description: 'To this destination.' })
  destinationId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of submissions to this bot.' })
  intakeBotId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this submission.' })
  submissionId?: string | null;

  @Field(() => [ConversionStatusEnum], { nullable: true, description: 'In one of these states.' })
  status?: ConversionStatus[] | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Made within.' })
  createdAt?: DateTimeRange | null;
}

export const ResendConversion = inputType('ResendConversionInput', 'What to send once more.', () => ({
  id: [ID, 'The conversion.'],
}));
