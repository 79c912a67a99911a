import { isIP } from 'node:net';
import * as z from 'zod';

/** `weaver.toml`: how an app is built and run. Every key has a default, so that no file is needed at all. */

/** Timers of Node.js fire at once beyond 24.8 days; nothing here is meant to take a day. */
const MAX_DURATION_MS = 24 * 3_600_000;

const duration = z
  .union([
    z.number(),
    z.string().regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'a duration such as "500ms", "10s" or "2m"'),
  ])
  .transform(durationMs)
  .refine((ms) => ms > 0 && ms <= MAX_DURATION_MS, 'must be more than 0 and at most 24h');

const port = z.number().int().min(0).max(65535);

const replicas = z
  .union([
    z.number().int().min(1).max(1000),
    z.strictObject({
      min: z.number().int().min(1).max(1000).default(1),
      max: z.number().int().min(1).max(1000).optional(),
    }),
  ])
  .transform((given) =>
    typeof given === 'number' ? { min: given, max: given } : { min: given.min, max: given.max ?? given.min },
  )
  .refine(({ min, max }) => min <= max, 'has a min above its max');

const memorySize = z.string().regex(/^\d+(MiB|GiB)$/, 'a size such as "256MiB"');

const labelName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, 'letters, digits, dots, dashes and slashes, 63 at most');

/** Where replicas may run. */
const placement = z.strictObject({
  labels: z
    .record(
      labelName,
      z.union([z.string().max(255), z.boolean(), z.number()]).transform((value) => String(value)),
    )
    .default({})
    .describe('Labels that a host must have'),
  spread: z
    .enum(['zone', 'host', 'none'])
    .optional()
    .describe(
      'Over what its replicas are spread: zones, and hosts within each (default); hosts alone; or not at all',
    ),
});

/** What each replica takes of its host, in the manager's account. */
const reservation = z.strictObject({
  memory: memorySize.optional().describe('Memory to reserve for each replica'),
  cpu: z
    .number()
    .min(0)
    .max(1024)
    .optional()
    .describe('CPUs to reserve for each replica; 0.5 is half of one'),
});

const placed = {
  placement: placement.optional().describe('Which hosts its replicas may run on'),
  resources: reservation
    .optional()
    .describe('What to reserve on the host of each replica; nothing by default'),
};

const share = z.number().min(0).max(1);
const slices = z.number().int().min(1).max(1000);

/**
 * How the slices of a component with `routing` are balanced. Churn and numbers of slices: Slicer (Adya et al., OSDI 2016,
 * section 4.4); the others are ours.
 */
export const balancingSchema = z.strictObject({
  interval: duration.default(10_000).describe('Time between two steps'),
  churn: share.default(0.09).describe('Share of the key space that a step may move for load'),
  mergeChurn: share.default(0.01).describe('Share that a step may move to merge cold slices'),
  minSlices: slices.default(50).describe('Slices per replica below which none are merged'),
  maxSlices: slices.default(150).describe('Slices per replica above which none are split'),
  tolerance: share
    .default(0.1)
    .describe("How far a replica's load may be from the mean, as a share of it, before slices move"),
  maxOwners: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(16)
    .describe(
      'Replicas that may share a key that alone is more than the mean load of one; 1: none is shared',
    ),
  cooled: share
    .default(0.8)
    .describe(
      'Such a key loses an owner when the others would each have less than this share of the mean load',
    ),
  minLoad: z
    .number()
    .min(0)
    .max(1024)
    .default(0.01)
    .describe('Load of the busiest replica, in cores, below which nothing moves for it'),
});

const component = z.strictObject({
  replicas: replicas.default({ min: 1, max: 1 }).describe('A number, or { min, max }'),
  implementation: z.string().optional().describe('Which implementation of an abstract component to run'),
  config: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("What the component's ctx.config(schema) validates"),
  balancing: balancingSchema.optional().describe('How its slices are balanced, if it has routing'),
  ...placed,
});

const absolutePath = z.string().regex(/^\//, 'an absolute path');

const listener = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address the ingress binds'),
  port: port.default(0).describe('Port the ingress binds; 0: a free one, kept over restarts'),
  tls: z
    .strictObject({
      certificate: absolutePath.describe('PEM file of the certificate and its chain, on each host'),
      key: absolutePath.describe('PEM file of its private key, which the daemon may read and others may not'),
    })
    .optional()
    .describe('Serves HTTPS; the files are read again when they change'),
  trustedProxies: z
    .array(
      z.string().refine(isAddressRange, 'an address such as "10.1.2.3", or a range such as "10.0.0.0/8"'),
    )
    .max(100)
    .optional()
    .describe('Whose X-Forwarded headers are believed, beside those of this host'),
  accessLog: z
    .boolean()
    .optional()
    .describe('Writes each request to logs/access.log in the state folder of the host that served it'),
});

export const appManifestSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,39}$/,
      'lower-case letters, digits and dashes, starting with a letter, 40 at most',
    )
    .optional()
    .describe("The app's name; the folder's name by default"),
  entry: z
    .string()
    .optional()
    .describe('The module that calls run(); main.ts, src/main.ts or index.ts by default'),
  colocate: z
    .union([z.literal('all'), z.array(z.array(z.string()).min(1))])
    .check(z.superRefine(checkGroups))
    .default([])
    .describe('Groups of components that share a process; "all": one process for all of them'),
  components: z.record(z.string(), component).default({}).describe('Settings of components, by name'),
  main: z
    .strictObject({ config: z.record(z.string(), z.unknown()).default({}), ...placed })
    .default({ config: {} })
    .describe('Settings of the function given to run()'),
  listeners: z
    .record(z.string(), listener)
    .default({})
    .describe('Public addresses, by the name given to ctx.listener()'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and underscores'), z.string())
    .default({})
    .describe('Environment variables of every proclet'),
  resources: z
    .strictObject({
      memory: memorySize.optional().describe('Heap limit of each proclet'),
    })
    .default({}),
  calls: z
    .strictObject({ timeout: duration.default(10_000).describe('Deadline of calls that set none') })
    .default({ timeout: 10_000 }),
  state: z
    .strictObject({
      durability: z
        .enum(['always', 'everysec', 'none'])
        .default('always')
        .describe(
          'What an acknowledged write of ctx.state survives: a power failure; one but for the last second; the process',
        ),
    })
    .default({ durability: 'always' }),
  shutdown: z
    .strictObject({ grace: duration.default(10_000).describe('Time a proclet has to drain') })
    .default({ grace: 10_000 }),
  build: z.strictObject({ tsconfig: z.string().optional() }).default({}),
});

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/** The manifest with its defaults filled in; durations in ms. */
export type AppManifest = z.output<typeof appManifestSchema>;

/** Of a size such as "256MiB". */
export function sizeInBytes(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith('GiB') ? 1024 ** 3 : 1024 ** 2);
}

function checkGroups(groups: 'all' | readonly (readonly string[])[], context: z.RefinementCtx): void {
  if (groups === 'all') return;
  const seen = new Set<string>();
  for (const name of groups.flat()) {
    if (seen.has(name))
      context.addIssue({ code: 'custom', message: `names ${name} twice; a component is in one group` });
    seen.add(name);
  }
}

function durationMs(given: number | string): number {
  if (typeof given === 'number') return given;
  const value = Number.parseFloat(given);
  if (given.endsWith('ms')) return value;
  if (given.endsWith('s')) return value * 1000;
  if (given.endsWith('m')) return value * 60_000;
  return value * 3_600_000;
}
