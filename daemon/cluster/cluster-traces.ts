import type { TraceSpan, TracesReply } from '../api/api-types.js';
import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { SpanQuery, SpanStore } from '../telemetry/span-store.js';
import { askHosts } from './ask-hosts.js';

export interface ClusterTracesOptions {
  /** This host, whose spans are at hand. */
  readonly host: string;
  readonly local: Pick<SpanStore, 'query'>;
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Those that are there, as far as is known here. */
  readonly hosts: () => readonly string[];
}

const ANSWER_MS = 2000;
const DEFAULT_LIMIT = 1000;
/** Of one host, as JSON, characters: below what NATS lets pass by default. */
const MAX_CHARACTERS = 400 * 1024;

/** Answers other daemons from the spans of this host. */
export function serveTraces(
  bus: Bus,
  subjects: Subjects,
  host: string,
  local: Pick<SpanStore, 'query'>,
): Subscription {
  return bus.serve(subjects.traces(host), (body) => newestWithinSize(local.query(readQuery(body))));
}

/** The newest spans that fit, of all hosts, by their start; of hosts that do not answer, why. Never rejects. */
export async function queryTraces(options: ClusterTracesOptions, query: SpanQuery): Promise<TracesReply> {
  const { host, local, bus, subjects } = options;
  const { limit = DEFAULT_LIMIT } = query;
  const { answers, missing } = await askHosts([...new Set([host, ...options.hosts()])], async (each) => {
    if (each === host) return local.query(query);
    const answer = await bus.request(subjects.traces(each), query, { timeoutMs: ANSWER_MS });
    if (!Array.isArray(answer)) throw new Error('its answer cannot be read; is it a newer weaverd?');
    return answer as TraceSpan[];
  });
  const spans = answers
    .flatMap(({ host: each, answer }) => answer.map((span) => ({ ...span, host: each })))
    .sort((a, b) => a.start - b.start);
  return { spans: spans.slice(Math.max(0, spans.length - limit)), missing };
}

function newestWithinSize(spans: readonly TraceSpan[]): readonly TraceSpan[] {
  let characters = 0;
  const tooOld = spans.findLastIndex((span) => {
    characters += JSON.stringify(span).length;
    return characters > MAX_CHARACTERS;
  });
  return spans.slice(tooOld + 1);
}

function readQuery(body: unknown): SpanQuery {
  if (typeof body !== 'object' || body === null)
    throw new Error('what is wanted of the spans cannot be read');
  const { app, traceId, limit } = body as Partial<Record<keyof SpanQuery, unknown>>;
  return {
    app: typeof app === 'string' ? app : undefined,
    traceId: typeof traceId === 'string' ? traceId : undefined,
    limit: typeof limit === 'number' ? limit : undefined,
  };
}
