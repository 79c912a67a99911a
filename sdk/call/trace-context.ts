/** W3C Trace Context (https://www.w3.org/TR/trace-context/), ids as lower-case hex. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** 16 hex digits, not all zero: the id of the caller's span. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for anything that is not a valid `traceparent` header, as the standard asks. */
export function parseTraceparent(header: string): TraceContext | undefined {
  const match = TRACEPARENT.exec(header.trim());
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match;
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return TraceWords.from({ traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 });
}

export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/**
 * A trace context as it travels: six words of 32 bits, the most significant first. Most are passed on and never read, so
 * that their hex is made when somebody asks.
 */
export class TraceWords implements TraceContext {
  constructor(
    readonly trace0: number,
    readonly trace1: number,
    readonly trace2: number,
    readonly trace3: number,
    readonly span0: number,
    readonly span1: number,
    readonly sampled: boolean,
  ) {}

  get traceId(): string {
    return hex(this.trace0) + hex(this.trace1) + hex(this.trace2) + hex(this.trace3);
  }

  get spanId(): string {
    return hex(this.span0) + hex(this.span1);
  }

  static from({ traceId, spanId, sampled }: TraceContext): TraceWords {
    return new TraceWords(
      word(traceId, 0),
      word(traceId, 8),
      word(traceId, 16),
      word(traceId, 24),
      word(spanId, 0),
      word(spanId, 8),
      sampled,
    );
  }
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}

function word(digits: string, at: number): number {
  return Number.parseInt(digits.slice(at, at + 8), 16) | 0;
}

/** Ids must be unlikely to meet, not hard to guess: as in OpenTelemetry, the fast generator does. */
function randomWord(): number {
  return (Math.random() * 2 ** 32) | 0;
}

/** Not 0, which would make an id of nothing else invalid. */
function randomNonZeroWord(): number {
  return randomWord() || 1;
}

export function newTrace(sampled: boolean): TraceContext {
  return new TraceWords(
    randomNonZeroWord(),
    randomWord(),
    randomWord(),
    randomWord(),
    randomNonZeroWord(),
    randomWord(),
    sampled,
  );
}

export function childSpan(parent: TraceContext): TraceContext {
  const { trace0, trace1, trace2, trace3, sampled } =
    parent instanceof TraceWords ? parent : TraceWords.from(parent);
  return new TraceWords(trace0, trace1, trace2, trace3, randomNonZeroWord(), randomWord(), sampled);
}
