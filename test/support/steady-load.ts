import { Shopper } from './shopper.js';

/** One request of the load, as its client saw it; times are `performance.now()`. */
export interface Recorded {
  readonly what: string;
  readonly safe: boolean;
  readonly start: number;
  readonly end: number;
  /** Undefined for an answer that is none of the server's failures. */
  readonly failure: string | undefined;
}

const TIMEOUT_MS = 15_000;

/** Visitors who go on shopping until they are stopped: one request after the other, each with a short pause before it. */
export class SteadyLoad {
  readonly recorded: Recorded[] = [];
  readonly #visitors: Promise<void>[];
  #stopped = false;

  constructor(url: string, visitors: number, pauseMs = 20) {
    this.#visitors = Array.from({ length: visitors }, (_, index) =>
      this.#visit(new Shopper(url, TIMEOUT_MS), index, pauseMs),
    );
  }

  async stop(): Promise<readonly Recorded[]> {
    this.#stopped = true;
    await Promise.all(this.#visitors);
    return this.recorded;
  }

  async #visit(shopper: Shopper, seed: number, pauseMs: number): Promise<void> {
    for (let i = seed; !this.#stopped; i++) {
      switch (i % 5) {
        case 0:
          await this.#record('GET /', true, () => shopper.get('/'));
          break;
        case 1:
        case 3:
          await this.#record('GET /product', true, () => shopper.get('/product/OLJCESPC7Z'));
          break;
        case 2:
          await this.#record('POST /cart', false, () =>
            shopper.post('/cart', { product_id: '66VCHSJNUP', quantity: '1' }),
          );
          break;
        default:
          await this.#record('GET /cart', true, () => shopper.get('/cart'));
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #record(
    what: string,
    safe: boolean,
    request: () => Promise<{ readonly status: number }>,
  ): Promise<void> {
    const start = performance.now();
    let failure: string | undefined;
    try {
      const { status } = await request();
      if (status >= 500) failure = `status ${status}`;
    } catch (reason) {
      const { name, cause } = reason as Error & { cause?: { code?: string } };
      failure = name === 'TimeoutError' ? 'hung' : (cause?.code ?? name);
    }
    this.recorded.push({ what, safe, start, end: performance.now(), failure });
  }
}

/** Failures by kind, for a message. */
export function failuresByKind(recorded: readonly Recorded[]): Readonly<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const { what, failure } of recorded) {
    if (failure !== undefined) kinds[`${what}: ${failure}`] = (kinds[`${what}: ${failure}`] ?? 0) + 1;
  }
  return kinds;
}
