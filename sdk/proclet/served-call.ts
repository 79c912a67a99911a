import type { CallState } from '../call/call-context.js';
import { childSpan, type TraceContext } from '../call/trace-context.js';
import type { OwnedCall } from '../ownership/owned-call.js';
import type { MethodStats } from '../telemetry/method-stats.js';
import type { IncomingCall } from '../transport/transport.js';

/** A call that is being served: its state is read from the call when somebody asks. */
export class ServedCall implements CallState {
  #trace: TraceContext | undefined;

  constructor(
    readonly call: IncomingCall,
    readonly stats: MethodStats,
    /** On the clock of `performance.now()`; undefined when the call is not timed. */
    readonly startedAt: number | undefined,
    /** Of a call for a key that has one owner. */
    readonly owned: OwnedCall | undefined,
  ) {}

  get deadline(): number | undefined {
    const { deadlineAt } = this.call;
    return deadlineAt === Number.POSITIVE_INFINITY ? undefined : deadlineAt;
  }

  get parent(): TraceContext | undefined {
    return this.call.header.trace;
  }

  get trace(): TraceContext | undefined {
    const { parent } = this;
    if (parent === undefined) return undefined;
    this.#trace ??= childSpan(parent);
    return this.#trace;
  }

  get metadata(): ReadonlyMap<string, string> | undefined {
    return this.call.header.metadata;
  }

  get signal(): AbortSignal {
    return this.call.signal;
  }
}
