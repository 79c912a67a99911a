import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export interface AccessWindow {
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const IDLE: AccessWindow = { requestsPerSecond: 0, errorsPerSecond: 0, p50Ms: 0, p99Ms: 0 };
/** The histogram's upper bound: an hour, in µs. */
const MAX_MICROSECONDS = 3_600_000_000;

/** Counts the answers of one listener. */
export class AccessCounters {
  readonly #onActivity: () => void;
  readonly #answers = new Map<string, number>();
  // Two significant digits, so that it takes kilobytes.
  readonly #microseconds: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: MAX_MICROSECONDS,
    figures: 2,
  });
  #windowAnswers = 0;
  #windowErrors = 0;
  #inFlight = 0;
  #window = IDLE;

  /** `onActivity` is called often and must be cheap. */
  constructor(onActivity: () => void) {
    this.#onActivity = onActivity;
  }

  begun(): void {
    this.#inFlight++;
    this.#onActivity();
  }

  /** The answer's head went out, `elapsedMs` after the request's. */
  answered(status: number, elapsedMs: number): void {
    this.#count(`${Math.floor(status / 100)}xx`);
    this.#windowAnswers++;
    if (status >= 500) this.#windowErrors++;
    this.#microseconds.record(Math.min(MAX_MICROSECONDS, Math.max(1, Math.round(elapsedMs * 1000))));
  }

  /** The client went before it had an answer. */
  aborted(): void {
    this.#count('aborted');
  }

  ended(): void {
    this.#inFlight--;
    this.#onActivity();
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get answers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#answers);
  }

  get window(): AccessWindow {
    return this.#window;
  }

  /** Ends the window of the last `elapsedMs`, which is what `window` then shows. */
  rotate(elapsedMs: number): void {
    if (this.#windowAnswers === 0) {
      this.#window = IDLE;
      return;
    }
    const perSecond = (count: number) => Math.round((count * 10_000) / Math.max(1, elapsedMs)) / 10;
    this.#window = {
      requestsPerSecond: perSecond(this.#windowAnswers),
      errorsPerSecond: perSecond(this.#windowErrors),
      p50Ms: this.#microseconds.percentile(50) / 1000,
      p99Ms: this.#microseconds.percentile(99) / 1000,
    };
    this.#windowAnswers = 0;
    this.#windowErrors = 0;
    this.#microseconds.reset();
  }

  #count(answer: string): void {
    this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
  }
}
