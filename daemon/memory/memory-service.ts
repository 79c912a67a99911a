import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { MemoryEntry, RecordId } from './memory-entry.js';
import {
  type MemorySummary,
  readEntries,
  readSummary,
  type SurvivorSummary,
  summarize,
  wantedContents,
} from './memory-summary.js';
import type { Survivor } from './reconcile-memory.js';

/** Below what a message may have. */
const MAX_CONTENT_BYTES = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 1500;

/** What a host asked for its memory answers from. */
export interface Memory {
  summary(): MemorySummary;
  contents(ids: readonly RecordId[], maxBytes: number): readonly MemoryEntry[];
}

type Question = { readonly ask: 'summary' } | { readonly ask: 'contents'; readonly ids: readonly RecordId[] };

/** Answers a leader that wants to know what this host remembers. */
export function serveMemory(bus: Bus, subjects: Subjects, host: string, memory: Memory): Subscription {
  return bus.serve(subjects.memory(host), (body) => {
    const question = body as Partial<Question>;
    if (question.ask === 'summary') return memory.summary();
    if (question.ask === 'contents' && Array.isArray(question.ids))
      return memory.contents(question.ids.filter(isRecordId), MAX_CONTENT_BYTES);
    throw new Error('a memory is asked for its summary or for contents');
  });
}

export interface SurvivorsAnswers {
  /** What they have that the store has not, or has otherwise. */
  readonly survivors: readonly Survivor[];
  /** Hosts that did not answer, or not what was asked. */
  readonly silent: readonly string[];
}

/** Asks each host once. Never rejects. */
export async function askSurvivors(
  bus: Bus,
  subjects: Subjects,
  hosts: readonly string[],
  stored: readonly MemoryEntry[],
): Promise<SurvivorsAnswers> {
  const silent = new Set<string>();
  const ask = async (host: string, question: Question): Promise<unknown> => {
    try {
      return await bus.request(subjects.memory(host), question, { timeoutMs: REQUEST_TIMEOUT_MS });
    } catch {
      return undefined; // gone or slow, which `silent` tells
    }
  };
  const summaries = await Promise.all(
    hosts.map(async (host): Promise<readonly SurvivorSummary[]> => {
      const summary = readSummary(await ask(host, { ask: 'summary' }));
      if (summary !== undefined) return [{ host, summary }];
      silent.add(host);
      return [];
    }),
  );
  const wanted = wantedContents(summarize(stored), summaries.flat());
  const survivors = await Promise.all(
    [...wanted].map(async ([host, ids]) => {
      const entries = readEntries(await ask(host, { ask: 'contents', ids }));
      if (entries === undefined) silent.add(host);
      return { host, entries: entries ?? [] };
    }),
  );
  return { survivors, silent: [...silent] };
}

function isRecordId(value: unknown): value is RecordId {
  if (typeof value !== 'object' || value === null) return false;
  const { bucket, key } = value as Partial<Record<keyof RecordId, unknown>>;
  return typeof bucket === 'string' && typeof key === 'string';
}
