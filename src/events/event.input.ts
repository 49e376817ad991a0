import { z } from 'zod';
import { input } from '../platform/validate.js';
import { eventTypes } from './event-type.js';

/** Which events to list over REST. */
export const ListEvents = input(() => ({ type: z.enum(eventTypes).optional() }));
