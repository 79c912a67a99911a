import type { TraceSpan } from '../../daemon/api/api-types.js';
import { type Colours, NO_COLOURS } from './colours.js';
import { printable } from './printable.js';
import { formatLatency, plural } from './quantities.js';
import { formatTable } from './table.js';

/** All spans of one trace. */
export interface Trace {
  readonly traceId: string;
  readonly spans: readonly TraceSpan[];
  /** The earliest span without a known parent. */
  readonly root: TraceSpan;
  /** From the first start to the last end. */
  readonly durationMs: number;
  readonly errors: number;
}

/** Newest first. */
export function groupTraces(spans: readonly TraceSpan[]): readonly Trace[] {
  const byTrace = groupBy(spans, ({ traceId }) => traceId);
  return [...byTrace]
    .flatMap(([traceId, unsorted]) => {
      const sorted = [...unsorted].sort((a, b) => a.start - b.start);
      const ids = new Set(sorted.map(({ spanId }) => spanId));
      const root =
        sorted.find(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId)) ?? sorted[0];
      if (root === undefined) return [];
      const end = Math.max(...sorted.map(({ start, durationMs }) => start + durationMs));
      const first = Math.min(...sorted.map(({ start }) => start));
      const errors = sorted.filter(({ error }) => error !== undefined).length;
      return [{ traceId, spans: sorted, root, durationMs: end - first, errors }];
    })
    .sort((a, b) => b.root.start - a.root.start);
}

/** The calls of a trace, each below the one that made it, with its duration and the replica. */
export function formatTrace(trace: Trace, colours: Colours = NO_COLOURS): readonly string[] {
  const ids = new Set(trace.spans.map(({ spanId }) => spanId));
  const children = groupBy(trace.spans, ({ parentSpanId }) =>
    parentSpanId !== undefined && ids.has(parentSpanId) ? parentSpanId : '',
  );
  const rows: { readonly label: string; readonly span: TraceSpan }[] = [];
  const seen = new Set<string>();
  const visit = (span: TraceSpan, lead: string, branch: string): void => {
    // A span that is its own ancestor is a sender's mistake, and must not hang us.
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    rows.push({ label: `${lead}${branch}${printable(span.component)}.${printable(span.method)}`, span });
    const below = children.get(span.spanId) ?? [];
    const inner = lead + (branch === '' ? '' : branch === '└─ ' ? '   ' : '│  ');
    for (const [index, child] of below.entries())
      visit(child, inner, index === below.length - 1 ? '└─ ' : '├─ ');
  };
  for (const span of children.get('') ?? [trace.root]) visit(span, '', '');
  const crossedHosts = new Set(trace.spans.map(({ host }) => host)).size > 1;
  const table = formatTable(
    [
      { header: 'CALL' },
      { header: 'KIND' },
      { header: 'AT', align: 'right' },
      { header: 'TOOK', align: 'right' },
      { header: 'REPLICA' },
      ...(crossedHosts ? [{ header: 'HOST' }] : []),
      { header: 'ERROR' },
    ],
    rows.map(({ label, span }) => [
      label,
      { text: span.kind, paint: colours.dim },
      { text: `+${formatLatency(Math.max(0, span.start - trace.root.start))}`, paint: colours.dim },
      formatLatency(span.durationMs),
      { text: printable(span.replica), paint: colours.cyan },
      ...(crossedHosts ? [printable(span.host ?? '-')] : []),
      { text: printable(span.error ?? ''), paint: colours.red },
    ]),
    { paintHeader: colours.bold },
  );
  const summary = [
    formatLatency(trace.durationMs),
    plural(trace.spans.length, 'span'),
    plural(trace.errors, 'error'),
  ];
  return [`${colours.bold(`trace ${trace.traceId}`)}  ${summary.join(', ')}`, ...table];
}

/** One line a trace. */
export function formatTraceList(
  traces: readonly Trace[],
  now: number,
  colours: Colours = NO_COLOURS,
): readonly string[] {
  return formatTable(
    [
      { header: 'TRACE' },
      { header: 'ROOT' },
      { header: 'AGO', align: 'right' },
      { header: 'TOOK', align: 'right' },
      { header: 'SPANS', align: 'right' },
      { header: 'ERRORS', align: 'right' },
    ],
    traces.map(({ traceId, root, durationMs, spans, errors }) => [
      traceId,
      `${printable(root.component)}.${printable(root.method)}`,
      `${Math.max(0, Math.round((now - root.start) / 1000))}s`,
      formatLatency(durationMs),
      String(spans.length),
      errors === 0 ? '0' : { text: String(errors), paint: colours.red },
    ]),
    { paintHeader: colours.bold },
  );
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
