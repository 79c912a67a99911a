import type { Invoker } from '../client/invoker.js';
import { RemoteInvoker } from '../client/remote-invoker.js';
import type { NumberedMethod } from '../codec/method-table.js';
import type { RegisteredComponent } from '../component/registry.js';
import type { ThrownCodec } from '../errors/thrown.js';
import type { ComponentRouting } from '../protocol/control.js';
import type { PeerPool } from '../routing/peer-pool.js';
import { ReplicaSet } from '../routing/replica-set.js';
import { RetryBudget } from '../routing/retry-budget.js';
import { UsualLatency } from '../routing/usual-latency.js';

export interface RemoteComponent {
  readonly replicas: ReplicaSet;
  readonly invoker: Invoker;
}

/** The components that this process calls elsewhere, and where they are. */
export class RemoteComponents {
  readonly #remote = new Map<string, RemoteComponent>();

  constructor(
    private readonly options: {
      readonly methods: readonly NumberedMethod[];
      readonly thrown: ThrownCodec;
      readonly pool: PeerPool;
      readonly defaultTimeoutMs: () => number;
      /** Asks for the component's routing, now and whenever it changes. */
      readonly subscribe: (component: string) => void;
    },
  ) {}

  /** The way to its replicas, which from now on are known. */
  component(registered: RegisteredComponent): RemoteComponent {
    const known = this.#remote.get(registered.name);
    if (known !== undefined) return known;
    const { methods, thrown, pool, defaultTimeoutMs, subscribe } = this.options;
    const replicas = new ReplicaSet(registered.name, pool);
    const budget = new RetryBudget();
    const invoker = new RemoteInvoker(
      methods
        .filter(({ component }) => component === registered.name)
        .map(({ number, compiled }) => ({
          component: registered.name,
          method: compiled.name,
          number,
          compiled,
          routing: registered.routing.get(compiled.name),
          retry: registered.mayRetry(compiled.name),
          replicas,
          usual: new UsualLatency(),
          budget,
          defaultTimeoutMs: defaultTimeoutMs(),
          decodeThrown: (reader) => thrown.decode(reader),
        })),
    );
    const component = { replicas, invoker };
    this.#remote.set(registered.name, component);
    subscribe(registered.name);
    return component;
  }

  update(routing: ComponentRouting): void {
    this.#remote.get(routing.component)?.replicas.update(routing);
  }
}
