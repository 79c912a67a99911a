/** Below this a difference is noise: it is added to every latency, ms. */
const FLOOR_MS = 0.5;
const WEIGHT = 0.05;

/** How long a method usually takes, over all replicas: what makes the latencies of different methods comparable. */
export class UsualLatency {
  #log: number | undefined;

  /** ln(latency / usual); the answer then counts towards what is usual. */
  slowness(latencyMs: number): number {
    const log = Math.log(latencyMs + FLOOR_MS);
    this.#log ??= log;
    const slowness = log - this.#log;
    this.#log += WEIGHT * slowness;
    return slowness;
  }
}
