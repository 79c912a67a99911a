import { Agent } from 'node:http';
import { formatAddress } from '../../sdk/protocol/address.js';
import { backoffMs } from './backoff.js';
import type { IngressBackend, IngressBackendStatus, IngressClock } from './ingress-routes.js';
import type { ProxyLimits } from './proxy-limits.js';

/** One backend, held by a request or a tunnel until `release`. */
export interface Lease {
  readonly backend: IngressBackend;
  /** Keeps connections to this backend alive. */
  readonly agent: Agent;
  /** The connection was made. */
  connected(): void;
  /** It was refused: nothing was sent. Ejects the backend for a while. */
  refused(): void;
  /** Idempotent. */
  release(): void;
}

type Health =
  | { readonly state: 'healthy' }
  | {
      readonly state: 'ejected';
      readonly failures: number;
      readonly since: number;
      readonly until: number;
      /** One request at a time finds out whether it is back. */
      readonly probing: boolean;
    };

interface Backend {
  readonly identity: IngressBackend;
  readonly agent: Agent;
  inFlight: number;
  health: Health;
  draining: boolean;
}

interface Waiter {
  readonly wake: () => void;
}

/**
 * The backends of one listener. Chooses the less busy of two random ones; leaves those alone that refuse connections;
 * lets requests wait for one to appear. A backend that is no longer named takes nothing new and goes when it is idle.
 */
export class BackendPool {
  readonly #limits: ProxyLimits;
  readonly #clock: IngressClock;
  readonly #random: () => number;
  readonly #onChange: () => void;
  readonly #backends = new Map<string, Backend>();
  readonly #waiters = new Set<Waiter>();
  #cancelProbe: (() => void) | undefined;

  constructor(limits: ProxyLimits, clock: IngressClock, random: () => number, onChange: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
  }

  setBackends(identities: readonly IngressBackend[]): void {
    const named = new Set<string>();
    for (const identity of identities) {
      const key = backendKey(identity);
      named.add(key);
      const known = this.#backends.get(key);
      if (known !== undefined) known.draining = false;
      else this.#backends.set(key, this.#create(identity));
    }
    for (const [key, backend] of this.#backends) {
      if (named.has(key)) continue;
      backend.draining = true;
      this.#removeIfDrained(key, backend);
    }
    this.#wakeAll();
    this.#onChange();
  }

  /** Undefined when no backend may be used now: then {@link wait}. */
  pick(): Lease | undefined {
    const now = this.#clock.now();
    const healthy: Backend[] = [];
    const ejected: Backend[] = [];
    for (const backend of this.#backends.values()) {
      if (backend.draining || backend.inFlight >= this.#limits.maxInFlightPerBackend) continue;
      (backend.health.state === 'healthy' ? healthy : ejected).push(backend);
    }
    for (const backend of ejected) {
      if (backend.health.state !== 'ejected' || backend.health.probing) continue;
      if (this.#probeAt(backend.health, healthy.length === 0) > now) continue;
      backend.health = { ...backend.health, probing: true };
      return this.#lease(backend, true);
    }
    const chosen = lessBusyOfTwo(healthy, this.#random);
    return chosen === undefined ? undefined : this.#lease(chosen, false);
  }

  /**
   * Calls back once, later: `retry` when {@link pick} may have one, `timeout`, or `full` when too many wait already.
   * Returns what cancels it.
   */
  wait(timeoutMs: number, done: (outcome: 'retry' | 'timeout' | 'full') => void): () => void {
    if (this.#waiters.size >= this.#limits.maxWaiting) return this.#clock.after(0, () => done('full'));
    const cancelTimer = this.#clock.after(timeoutMs, () => {
      this.#waiters.delete(waiter);
      done('timeout');
    });
    const waiter: Waiter = {
      wake: () => {
        cancelTimer();
        done('retry');
      },
    };
    this.#waiters.add(waiter);
    this.#scheduleProbe();
    return () => {
      cancelTimer();
      this.#waiters.delete(waiter);
    };
  }

  get healthyCount(): number {
    let count = 0;
    for (const { draining, health } of this.#backends.values())
      if (!draining && health.state === 'healthy') count++;
    return count;
  }

  status(): IngressBackendStatus[] {
    return [...this.#backends.values()].map(({ identity, inFlight, health, draining }) => ({
      replica: identity.replica,
      version: identity.version,
      generation: identity.generation,
      inFlight,
      healthy: health.state === 'healthy',
      draining,
    }));
  }

  /** Ends idle connections and timers; those who wait are woken. */
  close(): void {
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
    for (const { agent } of this.#backends.values()) agent.destroy();
    this.#backends.clear();
    this.#wakeAll();
  }

  #create(identity: IngressBackend): Backend {
    const agent = new Agent({
      keepAlive: true,
      maxSockets: this.#limits.maxInFlightPerBackend,
      maxFreeSockets: this.#limits.maxIdlePerBackend,
      timeout: this.#limits.backendIdleMs,
      scheduling: 'lifo',
    });
    return { identity, agent, inFlight: 0, health: { state: 'healthy' }, draining: false };
  }

  #lease(backend: Backend, probe: boolean): Lease {
    backend.inFlight++;
    let held = true;
    let undecided = probe;
    return {
      backend: backend.identity,
      agent: backend.agent,
      connected: () => {
        undecided = false;
        if (backend.health.state === 'healthy') return;
        backend.health = { state: 'healthy' };
        this.#wakeAll();
        this.#onChange();
      },
      refused: () => {
        undecided = false;
        this.#eject(backend);
      },
      release: () => {
        if (!held) return;
        held = false;
        backend.inFlight--;
        // The probe was given up before it found out: the next one may try.
        if (undecided && backend.health.state === 'ejected') {
          backend.health = { ...backend.health, probing: false };
          if (this.#waiters.size > 0) this.#scheduleProbe();
        }
        if (backend.draining) this.#removeIfDrained(backendKey(backend.identity), backend);
        else if (backend.inFlight === this.#limits.maxInFlightPerBackend - 1) this.#wakeAll();
      },
    };
  }

  #eject(backend: Backend): void {
    const now = this.#clock.now();
    const failures = backend.health.state === 'ejected' ? backend.health.failures + 1 : 1;
    const pause = backoffMs(failures, this.#limits.ejectFirstMs, this.#limits.ejectMaxMs, this.#random);
    const wasHealthy = backend.health.state === 'healthy';
    backend.health = { state: 'ejected', failures, since: now, until: now + pause, probing: false };
    if (this.#waiters.size > 0) this.#scheduleProbe();
    if (wasHealthy) this.#onChange();
  }

  #probeAt(health: Health & { state: 'ejected' }, none: boolean): number {
    return none ? Math.min(health.until, health.since + this.#limits.probeMs) : health.until;
  }

  /** While requests wait, wakes them when the first ejected backend may be tried. */
  #scheduleProbe(): void {
    if (this.#cancelProbe !== undefined) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const { draining, health } of this.#backends.values())
      if (!draining && health.state === 'ejected' && !health.probing)
        earliest = Math.min(earliest, this.#probeAt(health, true));
    if (earliest === Number.POSITIVE_INFINITY) return;
    this.#cancelProbe = this.#clock.after(Math.max(1, earliest - this.#clock.now()), () => {
      this.#cancelProbe = undefined;
      this.#wakeAll();
    });
  }

  #wakeAll(): void {
    const woken = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of woken) waiter.wake();
  }

  #removeIfDrained(key: string, backend: Backend): void {
    if (backend.inFlight > 0 || this.#backends.get(key) !== backend) return;
    this.#backends.delete(key);
    backend.agent.destroy();
    this.#onChange();
  }
}

function lessBusyOfTwo(backends: readonly Backend[], random: () => number): Backend | undefined {
  if (backends.length < 2) return backends[0];
  const first = Math.floor(random() * backends.length);
  const second = (first + 1 + Math.floor(random() * (backends.length - 1))) % backends.length;
  const [one, other] = [backends[first], backends[second]];
  if (one === undefined || other === undefined) return one ?? other;
  return other.inFlight < one.inFlight ? other : one;
}

function backendKey({ replica, version, generation, address }: IngressBackend): string {
  return `${version} ${replica} ${generation} ${formatAddress(address)}`;
}
