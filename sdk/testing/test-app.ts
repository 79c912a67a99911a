import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';
import type { Client, ComponentClass } from '../component/component-class.js';
import { componentOf, type RegisteredComponent, registeredComponents } from '../component/registry.js';
import type { ListenOptions } from '../context/context.js';
import { freePort } from '../run/free-port.js';
import { Program } from '../run/program.js';
import { embeddedDriver } from '../state/app-states.js';
import { SeparatingInvoker } from './separating-invoker.js';

export interface TestAppOptions {
  /** What to start; all registered components by default. A call to one that is left out throws. */
  readonly components?: readonly ComponentClass<object>[];
  /** Objects that stand in for components: `[[Payment, { charge: async () => 'id' }]]`. */
  readonly fakes?: readonly (readonly [component: ComponentClass<object>, fake: object])[];
  /** Config by component name, as in the manifest; `main` for that of the test itself. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Calls methods with `retry` twice, so that one that is not idempotent shows. Default false. */
  readonly repeatRetriable?: boolean;
  /** Silent by default. */
  readonly logger?: Logger;
}

export interface TestApp {
  get<T extends object>(component: ComponentClass<T>): Client<T>;
  /** Where the app's listener of this name was told to listen; undefined when it never asked. */
  address(listener: string): ListenOptions | undefined;
  stop(): Promise<void>;
}

/**
 * Starts components in this process, for a test. Calls copy their arguments and results, so that a program
 * that works here does not break in two processes; a value that cannot travel throws a CannotTravelError. Listeners get
 * free ports; state is kept in a temporary folder until `stop`. Rejects with a LifecycleError.
 */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const fakes = new Map((options.fakes ?? []).map(([token, fake]) => [componentOf(token).name, fake]));
  const components = options.components?.map(componentOf) ?? registeredComponents();
  const addresses = new Map<string, ListenOptions>();
  let stateFolder: Promise<string> | undefined;
  const program = new Program({
    app: 'test',
    components: components.map((component) => withFake(component, fakes.get(component.name))),
    implementation: () => undefined,
    config: (owner) => options.config?.[owner] ?? {},
    logger: options.logger ?? pino({ level: 'silent' }),
    stateDriver: embeddedDriver({
      folder: () => {
        stateFolder ??= mkdtemp(join(tmpdir(), 'weaverd-test-state-'));
        return stateFolder;
      },
      durability: 'none',
      onProblem: (message) => {
        throw new Error(message);
      },
    }),
    listener: async (name) => {
      const address = { host: '127.0.0.1', port: await freePort(name, '127.0.0.1', 0) };
      addresses.set(name, address);
      return address;
    },
    wrap: (component, invoker) => new SeparatingInvoker(component, invoker, options.repeatRetriable ?? false),
  });
  await program.start();
  return {
    get: (component) => program.context.get(component),
    address: (listener) => addresses.get(listener),
    stop: async () => {
      await program.stop();
      if (stateFolder !== undefined) await rm(await stateFolder, { recursive: true, force: true });
    },
  };
}

function withFake(component: RegisteredComponent, fake: object | undefined): RegisteredComponent {
  return fake === undefined ? component : { ...component, create: () => fake };
}
