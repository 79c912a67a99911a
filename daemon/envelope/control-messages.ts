import * as z from 'zod';
import type {
  Failed,
  Health,
  ListenerOpened,
  Load,
  LogEntry,
  Logs,
  OwnershipSettled,
  RegisterReplica,
  Span,
  StartComponent,
  Traces,
} from '../../sdk/protocol/control.js';

/**
 * The messages of proclets, as they are checked when they come in: a proclet runs the app's code, and what that may do
 * to a message must not harm the daemon. Unknown fields are let pass, for the sake of newer proclets.
 */
const name = z.string().max(1000);
const count = z.number().min(0);
/** A quotient that a proclet may have had nothing to divide by: NaN, which JSON writes as null. */
const measured = count.catch(0);

const address = z.union([
  z.object({ kind: z.literal('unix'), path: z.string().min(1).max(107) }),
  z.object({
    kind: z.literal('tcp'),
    host: z.string().min(1).max(255),
    port: z.number().int().min(1).max(65535),
  }),
]);

const phase = z.enum(['starting', 'serving', 'draining', 'completed']);
const listener: z.ZodType<ListenerOpened> = z.object({ name, address });

const register: z.ZodType<RegisterReplica> = z.object({
  protocol: z.number().int(),
  token: z.string(),
  app: name,
  version: name,
  group: name,
  replica: name,
  generation: z.number().int(),
  pid: z.number().int(),
  address,
  remoteAddress: address.optional(),
  hosting: z.array(name).max(10_000),
  listeners: z.array(listener).max(1000),
  phase,
});

const health: z.ZodType<Health> = z.object({ phase, uptimeMs: count });

const load: z.ZodType<Load> = z.object({
  intervalMs: count,
  cpuMs: count,
  rssBytes: count,
  eventLoopUtilization: measured,
  methods: z
    .array(
      z.object({
        component: name,
        method: name,
        caller: name,
        remote: z.boolean(),
        calls: count,
        errors: count,
        p50Ms: measured,
        p99Ms: measured,
      }),
    )
    .max(10_000),
  handshakesRefused: z.record(z.string(), count),
  compression: z
    .array(z.object({ peer: name, level: count.optional(), plainBytes: count, compressedBytes: count }))
    .max(1000)
    .optional(),
  keys: z
    .array(
      z
        .object({
          component: name,
          bits: z.number().int().min(0).max(14),
          buckets: z.array(z.number().int().min(0)).max(512),
          loads: z.array(count).max(512),
          hotKeys: z
            .array(
              z.object({
                hash: z
                  .number()
                  .int()
                  .min(0)
                  .max(2 ** 32 - 1),
                load: count,
              }),
            )
            .max(64),
        })
        .refine(
          ({ bits, buckets }) => buckets.every((bucket) => bucket < 2 ** bits),
          'a bucket beyond the space',
        ),
    )
    .max(1000)
    .optional(),
});

const entry: z.ZodType<LogEntry> = z.object({
  time: z.number(),
  level: z.number(),
  component: name,
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
});
const logs: z.ZodType<Logs> = z.object({ entries: z.array(entry).max(10_000), dropped: count });

const span = z
  .object({
    traceId: name,
    spanId: name,
    parentSpanId: name.nullish(),
    component: name,
    method: name,
    kind: z.enum(['server', 'client']),
    start: z.number(),
    durationMs: z.number(),
    error: name.nullish(),
  })
  .transform(
    (given): Span => ({
      ...given,
      parentSpanId: given.parentSpanId ?? undefined,
      error: given.error ?? undefined,
    }),
  );
const traces = z
  .object({ spans: z.array(span).max(10_000), dropped: count })
  .transform((given): Traces => given);

const failed = z
  .object({ component: name, message: z.string(), stack: z.string().nullish() })
  .transform((given): Failed => ({ ...given, stack: given.stack ?? undefined }));

const settled: z.ZodType<OwnershipSettled> = z.object({ component: name, epoch: count });

const startComponent: z.ZodType<StartComponent> = z.object({ component: name });

const SCHEMAS = {
  RegisterReplica: register,
  StartComponent: startComponent,
  Health: health,
  Load: load,
  ListenerOpened: listener,
  OwnershipSettled: settled,
  Logs: logs,
  Traces: traces,
  Failed: failed,
} as const;

export interface CheckedMessages {
  RegisterReplica: RegisterReplica;
  StartComponent: StartComponent;
  Health: Health;
  Load: Load;
  ListenerOpened: ListenerOpened;
  OwnershipSettled: OwnershipSettled;
  Logs: Logs;
  Traces: Traces;
  Failed: Failed;
}

/** The message, or why it is none, in words. */
export function checkMessage<M extends keyof CheckedMessages>(
  method: M,
  body: unknown,
): { readonly message: CheckedMessages[M] } | { readonly wrong: string } {
  const schema: z.ZodType<CheckedMessages[M]> = SCHEMAS[method] as z.ZodType<CheckedMessages[M]>;
  const parsed = schema.safeParse(body);
  if (parsed.success) return { message: parsed.data };
  const issue = parsed.error.issues[0];
  return { wrong: `${method}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}` };
}
