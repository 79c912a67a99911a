import type { ProcletSpec } from '../protocol/control.js';
import type { StateStoreSpec } from '../protocol/state-store.js';
import { embeddedDriver, noDriver } from '../state/app-states.js';
import type { Durability, StateDriver } from '../state/driver.js';

export interface StateDriverOptions {
  /** Is asked when the first store is opened. */
  readonly durability: () => Durability;
  readonly onProblem: (component: string, message: string, reason?: unknown) => void;
}

/** Where a proclet keeps its components' state, as its daemon says. */
export function stateDriver(spec: ProcletSpec, options: StateDriverOptions): StateDriver {
  const { app, stateStore, stateFolder } = spec;
  if (stateStore !== undefined) return sharedDriver(app, stateStore, options);
  if (stateFolder === undefined)
    return noDriver(
      'a cluster keeps state in a store that its hosts share; add [redis] to weaverd.toml of each host (or upgrade a daemon that is older than the app)',
    );
  return {
    open: (component, fence, signal) =>
      embeddedDriver({
        folder: () => stateFolder,
        durability: options.durability(),
        onProblem: (message, reason) => options.onProblem(component, message, reason),
      }).open(component, fence, signal),
  };
}

/** One connection for all components; its client is loaded with the first that needs it. */
function sharedDriver(
  app: string,
  store: StateStoreSpec,
  { durability, onProblem }: StateDriverOptions,
): StateDriver {
  let driver: Promise<StateDriver> | undefined;
  const load = async (): Promise<StateDriver> => {
    const { RedisDriver } = await import('../state/redis/redis-driver.js');
    return new RedisDriver({
      store,
      app,
      durability: durability(),
      onProblem: (component, message) => onProblem(component ?? 'weaverd', message),
    });
  };
  return {
    async open(component, fence, signal) {
      driver ??= load();
      return (await driver).open(component, fence, signal);
    },
  };
}
