import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpClient, httpClient } from './http-client.js';
import { type Action, chooseAction, requestsPerAction } from './mix.js';
import { between, type Random, seededRandom } from './random.js';
import { type LoadReport, Recorder } from './recorder.js';
import { type Send, Shopper, WrongAnswer } from './shopper.js';

export interface LoadOptions {
  /** Where the shop is. Default `http://127.0.0.1:8080`. */
  readonly url?: string | undefined;
  /** Unix socket of the shop, instead of the URL's host. */
  readonly socketPath?: string | undefined;
  /** Open loop: requests a second, whether or not earlier ones are answered. */
  readonly rate?: number | undefined;
  /** Closed loop: visitors who each wait for an answer before they go on. Default 10; not together with `rate`. */
  readonly users?: number | undefined;
  /** Seconds that are measured. Default 10. */
  readonly duration?: number | undefined;
  /** Seconds before, not measured. Default 0. */
  readonly warmUp?: number | undefined;
  /** Of a request, ms. Default 10 000. */
  readonly timeout?: number | undefined;
  /** Actions under way at most in the open loop; one more is counted as failure `too many in flight`. Default 1000. */
  readonly maxInFlight?: number | undefined;
  /** Makes the same choices again. Default 1. */
  readonly seed?: number | undefined;
  /** Ends the run early. */
  readonly signal?: AbortSignal | undefined;
}

/** Shops with the usual mix, checks the answers, and reports. Resolves when the last answer is in. */
export async function runLoad(options: LoadOptions = {}): Promise<LoadReport> {
  const { rate, users = 10, duration = 10, warmUp = 0, signal } = options;
  if (rate !== undefined && options.users !== undefined)
    throw new RangeError('give a rate or users, not both');
  for (const [name, value] of Object.entries({ rate: rate ?? 1, users, duration })) {
    if (!(value > 0)) throw new RangeError(`${name} has to be above 0, not ${value}`);
  }
  const maxInFlight = options.maxInFlight ?? 1000;
  const client = httpClient({
    url: options.url ?? 'http://127.0.0.1:8080',
    socketPath: options.socketPath,
    connections: rate === undefined ? users : maxInFlight,
    timeout: options.timeout ?? 10_000,
  });
  const run = new Run(client, seededRandom(options.seed ?? 1), maxInFlight, signal);
  try {
    const phase = (seconds: number) =>
      rate === undefined ? run.closed(users, seconds) : run.open(rate, seconds);
    if (warmUp > 0) await phase(warmUp);
    run.recorder = new Recorder();
    const started = performance.now();
    await phase(duration);
    return run.recorder.report((performance.now() - started) / 1000);
  } finally {
    client.close();
  }
}

class Run {
  recorder = new Recorder();
  readonly #client: HttpClient;
  readonly #random: Random;
  readonly #maxInFlight: number;
  readonly #signal: AbortSignal | undefined;
  /** Visitors who are doing nothing at the moment; the last to finish comes first. */
  readonly #idle: Shopper[] = [];

  constructor(client: HttpClient, random: Random, maxInFlight: number, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#random = random;
    this.#maxInFlight = maxInFlight;
    this.#signal = signal;
  }

  async closed(users: number, seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const user = async () => {
      const shopper = this.#shopper();
      while (performance.now() < end && this.#signal?.aborted !== true) {
        const failed = await this.#act(shopper, performance.now());
        // A server that refuses at once must not be hammered.
        if (failed) await sleep(PAUSE_AFTER_FAILURE_MS);
      }
      this.#idle.push(shopper);
    };
    await Promise.all(Array.from({ length: users }, user));
  }

  async open(rate: number, seconds: number): Promise<void> {
    const interval = (1000 * requestsPerAction) / rate;
    const started = performance.now();
    const underWay = new Set<Promise<void>>();
    for (let count = 0; count * interval < seconds * 1000 && this.#signal?.aborted !== true; count++) {
      const due = started + count * interval;
      const early = due - performance.now();
      if (early > 1) await sleep(early);
      if (underWay.size >= this.#maxInFlight) {
        this.recorder.unanswered();
        this.recorder.failed(new WrongAnswer('too many in flight', `${underWay.size} actions are under way`));
        continue;
      }
      const shopper = this.#shopper();
      const action: Promise<void> = this.#act(shopper, due).then(() => {
        underWay.delete(action);
        this.#idle.push(shopper);
      });
      underWay.add(action);
    }
    await Promise.all(underWay);
  }

  #shopper(): Shopper {
    return this.#idle.pop() ?? new Shopper(seededRandom(between(this.#random, 0, 2 ** 31)));
  }

  /** Resolves to whether it failed. `due`: when the first request should be sent. */
  async #act(shopper: Shopper, due: number): Promise<boolean> {
    const action = chooseAction(this.#random);
    try {
      await shopper.act(action, this.#measured(action, due));
      return false;
    } catch (error) {
      this.recorder.failed(error);
      return true;
    }
  }

  /** A request that waited for its turn is measured from when it was due: its visitor waited too. */
  #measured(action: Action, due: number): Send {
    let from = due;
    return async (...request) => {
      try {
        const answer = await this.#client.send(...request);
        this.recorder.answered(action, performance.now() - from);
        return answer;
      } catch (error) {
        this.recorder.unanswered();
        throw error;
      } finally {
        from = performance.now();
      }
    };
  }
}

const PAUSE_AFTER_FAILURE_MS = 20;
