import * as z from 'zod';
import type { AppDescription } from '../../sdk/protocol/app-description.js';

const name = z.string().min(1).max(200);
const avroSchema = z.string().refine((text) => {
  try {
    return ['string', 'object'].includes(typeof JSON.parse(text));
  } catch {
    return false; // refused by its path
  }
}, 'no Avro schema');

const schema = z.object({
  format: z.literal(1),
  app: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  version: z.string(),
  builtWith: z.string(),
  components: z
    .array(
      z.object({
        name,
        methods: z.array(z.object({ name, streaming: z.boolean(), routed: z.boolean() })).max(10_000),
        references: z.array(name).max(10_000),
        exclusive: z.boolean().exactOptional(),
        states: z.array(name).max(1000).exactOptional(),
        stateSchemas: z.record(name, avroSchema).exactOptional(),
        declaredAt: z.string(),
      }),
    )
    .max(10_000),
  hasMain: z.boolean(),
  listeners: z.array(z.object({ name, component: name })).max(1000),
});

export type DescriptionReading =
  | { readonly kind: 'read'; readonly description: AppDescription }
  | { readonly kind: 'refused'; readonly problem: string };

/** The parsed content of `app.json`. Fields that a newer compiler added are kept, since the digest covers them. */
export function readAppDescription(json: string): DescriptionReading {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return { kind: 'refused', problem: 'app.json is not JSON; build the app again' };
  }
  const result = schema.safeParse(parsed);
  if (result.success) return { kind: 'read', description: parsed as z.output<typeof schema> };
  const issue = result.error.issues[0];
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}; `;
  return {
    kind: 'refused',
    problem: `app.json is no description of an app: ${where}build the app with this version of weaverd`,
  };
}
