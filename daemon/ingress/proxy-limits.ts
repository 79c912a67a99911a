/** Bounds and times of the proxy. */
export interface ProxyLimits {
  /** Client connections per listener; more are closed at once. */
  readonly maxConnections: number;
  /** Of a request's head, bytes; beyond it 431. */
  readonly maxHeaderBytes: number;
  /** From the connection, or the first byte of a further request, to the end of its head; beyond it 408. */
  readonly headersTimeoutMs: number;
  /** How long a client's connection may be idle between requests. */
  readonly clientIdleMs: number;
  /** Progress of the request's body, and after it the head of the answer: 408 or 504 when neither moves for so long. */
  readonly answerTimeoutMs: number;
  /** A client that takes no byte of its answer for so long is cut; so is a tunnel of which one end is closed and the other silent. */
  readonly clientStallMs: number;
  /** How long a client may go on sending a body after the answer is complete. */
  readonly lingerMs: number;
  readonly connectTimeoutMs: number;
  /** How long a request waits for a backend to appear; then 503. */
  readonly backendWaitMs: number;
  /** Requests that wait so per listener; beyond it 503 at once. */
  readonly maxWaiting: number;
  /** Requests and tunnels per backend. */
  readonly maxInFlightPerBackend: number;
  readonly maxIdlePerBackend: number;
  /** How long a backend connection is kept idle: less than the 5 s after which a Node server closes it. */
  readonly backendIdleMs: number;
  /** A backend that refused a connection is left alone for this long, doubled each time. */
  readonly ejectFirstMs: number;
  readonly ejectMaxMs: number;
  /** When every backend refuses, each is tried this often as long as requests wait. */
  readonly probeMs: number;
  /** What is still in flight on a removed listener is cut after this. */
  readonly drainMs: number;
  /** A port that could not be had is tried again after this, doubled each time. */
  readonly reopenFirstMs: number;
  readonly reopenMaxMs: number;
}

export const PROXY_LIMITS: ProxyLimits = {
  maxConnections: 8000,
  maxHeaderBytes: 32 * 1024,
  headersTimeoutMs: 15_000,
  clientIdleMs: 60_000,
  answerTimeoutMs: 60_000,
  clientStallMs: 120_000,
  lingerMs: 5_000,
  connectTimeoutMs: 2_000,
  backendWaitMs: 2_000,
  maxWaiting: 1024,
  maxInFlightPerBackend: 1024,
  maxIdlePerBackend: 32,
  backendIdleMs: 4_000,
  ejectFirstMs: 100,
  ejectMaxMs: 5_000,
  probeMs: 200,
  drainMs: 30_000,
  reopenFirstMs: 1_000,
  reopenMaxMs: 10_000,
};
