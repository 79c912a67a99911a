import * as z from 'zod';
import type { StateRequest } from './api-types.js';

const component = z.string().min(1).max(200);
const state = z.string().min(1).max(100);
const key = z.string().max(1024);
/** Base64 of STATE_PART_BYTES. */
const part = z.base64().max(256 * 1024);

const query = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('states'), component }),
  z.strictObject({
    kind: z.literal('list'),
    component,
    state,
    prefix: key,
    after: key.optional().transform((given) => given),
    limit: z.int().min(1).max(1000),
  }),
  z.strictObject({ kind: z.literal('read'), component, state, key, offset: z.int().min(0) }),
  z.strictObject({ kind: z.literal('upload'), component, upload: z.string().min(1).max(64), bytes: part }),
  z.strictObject({
    kind: z.literal('write'),
    component,
    state,
    key,
    bytes: part,
    upload: z.string().min(1).max(64).optional(),
    schema: z.string().max(512 * 1024),
    expiresAt: z.int().min(0),
    overwrite: z.boolean(),
  }),
]);

export const stateRequest: z.ZodType<StateRequest> = z
  .strictObject({
    host: z.string().min(1).max(255),
    app: z.string().min(1).max(40),
    version: z.string().min(1).max(64),
    replica: z.string().min(1).max(255),
    query,
  })
  .transform((given) => given as StateRequest);
