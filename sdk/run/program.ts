import type { Logger } from 'pino';
import type { Invoker } from '../client/invoker.js';
import { LocalInvoker } from '../client/local-invoker.js';
import type { RegisteredComponent } from '../component/registry.js';
import type { ListenOptions } from '../context/context.js';
import { ComponentContext, type ContextSource } from '../hosting/component-context.js';
import { ComponentHost } from '../hosting/component-host.js';
import { keySlice } from '../ownership/key-slice.js';
import { WHOLE_SPACE } from '../ownership/slice-ranges.js';
import { MAIN } from '../protocol/app-description.js';
import { AppStates } from '../state/app-states.js';
import type { StateDriver } from '../state/driver.js';
import { StatsTable } from '../telemetry/method-stats.js';

export interface ProgramOptions {
  readonly app: string;
  readonly components: readonly RegisteredComponent[];
  readonly implementation: (component: string) => string | undefined;
  readonly config: (owner: string) => unknown;
  readonly logger: Logger;
  readonly listener: (name: string) => Promise<ListenOptions>;
  /** Where state is kept. */
  readonly stateDriver: StateDriver;
  /** Put between callers and each component. */
  readonly wrap?: (component: RegisteredComponent, invoker: Invoker) => Invoker;
}

/** Time that handlers of reminders have to end. */
const REMINDER_GRACE_MS = 5000;

/** A whole program in this process: every component, called directly. */
export class Program {
  readonly #options: ProgramOptions;
  readonly #host = new ComponentHost();
  readonly #stopping = new AbortController();
  readonly #stats = new StatsTable();
  readonly #states: AppStates;
  readonly #source: ContextSource;
  /** What main, or a test, has of the program. */
  readonly context: ComponentContext;

  constructor(options: ProgramOptions) {
    this.#options = options;
    this.#states = new AppStates(options.stateDriver, (component) => ({
      onProblem: (message, err) => options.logger.error({ component, err }, message),
    }));
    this.#source = {
      app: options.app,
      version: 'dev',
      replica: 'local',
      signal: this.#stopping.signal,
      invoker: (component, caller) => {
        const hosted = this.#host.hosted(component.name);
        if (hosted === undefined) throw new Error(`${component.name} is not part of this program`);
        const invoker = new LocalInvoker(hosted, caller, this.#stats);
        return options.wrap?.(component, invoker) ?? invoker;
      },
      config: options.config,
      log: (owner) => options.logger.child({ component: owner }),
      listener: options.listener,
      state: (owner, name, given) => this.#states.state(owner, name, given),
    };
    this.context = new ComponentContext(MAIN, this.#source);
  }

  /** Rejects with a LifecycleError; what had started is stopped again. */
  async start(): Promise<void> {
    try {
      await this.#host.start(this.#options.components, {
        context: ({ name }) => new ComponentContext(name, this.#source),
        implementation: ({ name }) => this.#options.implementation(name),
        owned: keySlice(WHOLE_SPACE),
        onSlowStart: (warning) => this.#options.logger.warn({ component: 'weaverd' }, warning),
      });
      this.#states.begin();
    } catch (reason) {
      await this.stop();
      throw reason;
    }
  }

  /** Resolves when every component is stopped; a failure of one is logged and does not keep the others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#states.quiesce(REMINDER_GRACE_MS);
    try {
      await this.#host.stop();
    } catch (reason) {
      this.#options.logger.error({ component: 'weaverd', err: reason }, 'a component failed to stop');
    }
    try {
      await this.#states.close();
    } catch (reason) {
      this.#options.logger.error({ component: 'weaverd', err: reason }, 'state could not be closed');
    }
  }
}
