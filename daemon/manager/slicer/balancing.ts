import type * as z from 'zod';
import { balancingSchema } from '../../../config/app-manifest.js';

/** Constants of the balancing of one component: `[components.X.balancing]` of the manifest. */
export type Balancing = Readonly<z.output<typeof balancingSchema>>;

export const DEFAULT_BALANCING: Balancing = balancingSchema.parse({});

/** Of one component at most: an assignment must fit into one message of the bus. */
export const MAX_SLICES = 8192;
