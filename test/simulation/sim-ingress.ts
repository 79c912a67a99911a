import type {
  Ingress,
  IngressListenerStatus,
  IngressRoute,
  IngressStatus,
} from '../../daemon/ingress/ingress-routes.js';
import type { Observer } from './observer.js';
import type { Random } from './random.js';
import type { SimMachine } from './sim-machine.js';
import type { SimProcess } from './sim-process.js';

/** A daemon's side of its machine's ingress, which takes a moment to follow. */
export class SimIngress implements Ingress {
  readonly #machine: SimMachine;
  readonly #process: SimProcess;
  readonly #random: Random;
  readonly #observer: Observer;
  readonly #listeners: (() => void)[] = [];
  #pending: readonly IngressRoute[] | undefined;

  constructor(machine: SimMachine, process: SimProcess, random: Random, observer: Observer) {
    this.#machine = machine;
    this.#process = process;
    this.#random = random;
    this.#observer = observer;
  }

  setRoutes(routes: readonly IngressRoute[]): void {
    this.#pending = routes;
    this.#process.after(this.#random.between(1, 100), () => {
      if (this.#pending !== routes) return;
      this.#pending = undefined;
      this.#machine.routes = routes;
      this.#observer.ingressRouted(this.#machine.host, routes);
      for (const listener of this.#listeners) listener();
    });
  }

  status(): IngressStatus {
    const { routes } = this.#machine;
    return {
      pid: 2,
      rssBytes: 0,
      state: routes.length === 0 && this.#pending === undefined ? 'stopped' : 'serving',
      routesApplied: this.#pending === undefined,
      listeners: routes.map(statusOf),
    };
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#pending = undefined;
  }
}

function statusOf({ app, listener, host, port, backends }: IngressRoute): IngressListenerStatus {
  return {
    app,
    listener,
    url: `http://${host}:${port}`,
    state: 'open',
    requestsPerSecond: 0,
    errorsPerSecond: 0,
    p50Ms: 0,
    p99Ms: 0,
    answers: {},
    inFlight: 0,
    backends: backends.map(({ replica, version, generation }) => ({
      replica,
      version,
      generation,
      inFlight: 0,
      healthy: true,
      draining: false,
    })),
  };
}
