import type { AccessCounters } from './access-counters.js';
import type { AccessEntry } from './access-log.js';
import type { IngressBackend } from './ingress-routes.js';
import type { ReceivedHead } from './request-head.js';

/** Where the exchanges of one listener are counted, and logged if it wants that. */
export interface AccessSinks {
  readonly app: string;
  readonly listener: string;
  readonly counters: AccessCounters;
  readonly log: (entry: AccessEntry) => void;
}

/** One exchange, from its beginning to its end. */
export class Access {
  readonly #sinks: AccessSinks;
  readonly #received: ReceivedHead;
  readonly #startedAt = performance.now();
  #status: number | undefined;
  #answeredMs: number | undefined;
  #backend: IngressBackend | undefined;
  #bytes = 0;

  constructor(sinks: AccessSinks, received: ReceivedHead) {
    this.#sinks = sinks;
    this.#received = received;
    sinks.counters.begun();
  }

  /** An answer's head came from the backend, or was written here. */
  get isAnswered(): boolean {
    return this.#status !== undefined;
  }

  takenBy(backend: IngressBackend): void {
    this.#backend = backend;
  }

  answered(status: number): void {
    this.#status = status;
    this.#answeredMs = performance.now() - this.#startedAt;
    this.#sinks.counters.answered(status, this.#answeredMs);
  }

  passedOn(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Without an answer: the client went before. */
  ended(): void {
    const { app, listener, counters, log } = this.#sinks;
    if (!this.isAnswered) counters.aborted();
    counters.ended();
    const { peer, scheme, method, url } = this.#received;
    log({
      app,
      listener,
      client: peer,
      protocol: scheme,
      method,
      path: url.split('?', 1)[0] ?? url,
      status: this.#status,
      answeredMs: rounded(this.#answeredMs),
      totalMs: rounded(performance.now() - this.#startedAt) ?? 0,
      bytes: this.#bytes,
      replica: this.#backend?.replica,
      version: this.#backend?.version,
    });
  }
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 100) / 100;
}
