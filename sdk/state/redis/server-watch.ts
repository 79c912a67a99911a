import type { Redis } from 'ioredis';
import type { Durability } from '../driver.js';
import type { RedisClient } from './redis-client.js';
import { SETTINGS, type ServerFacts, serverFacts, unfitness, warning } from './server-check.js';

export interface WatchOptions {
  readonly client: RedisClient;
  readonly durability: Durability;
  /** For a server to say what it is, ms. */
  readonly timeoutMs: number;
  /** Commands can be sent, from now on or again. */
  readonly onOpen: () => void;
  readonly onWarning: (message: string) => void;
}

const RETRY_MS = 100;
/** Until a server that is unfit is looked at again. */
const UNFIT_RETRY_MS = 1000;

/**
 * Looks at each server when a connection to it has been made: whether it keeps what it acknowledges as durably as it should, and
 * whether it is the one of before, by its `run_id`.
 */
export class ServerWatch {
  readonly #options: WatchOptions;
  readonly #runIds = new Map<string, string>();
  readonly #warned = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isOpen = false;
  #isClosed = false;
  #wasOpen = false;
  #generation = 1;
  #problem = 'it has not been reached yet';
  /** By address. */
  readonly #unfit = new Map<string, string>();

  constructor(options: WatchOptions) {
    this.#options = options;
    options.client.connect({
      // The masters of a cluster that is not open yet are looked at together.
      server: (server) => void (options.client.isCluster && !this.#isOpen ? undefined : this.#look(server)),
      ready: () => void this.#lookAtAll(),
      closed: () => {
        this.#isOpen = false;
      },
      problem: (reason) => {
        this.#problem = reason;
      },
    });
  }

  /** Rises when a server is another than before, or was started anew: it may have lost something since. */
  get generation(): number {
    return this.#generation;
  }

  /** Why the server may not be used; undefined when it may, or is not there. */
  get unfit(): string | undefined {
    const [first] = this.#unfit.values();
    return first;
  }

  /** Why nothing can be sent now. */
  whyNot(): string | undefined {
    return this.#isOpen ? undefined : (this.unfit ?? `Redis cannot be reached: ${this.#problem}`);
  }

  close(): void {
    this.#isClosed = true;
    this.#isOpen = false;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #look(server: Redis): Promise<void> {
    const { client, durability } = this.#options;
    if (this.#isClosed) return;
    let facts: ServerFacts;
    try {
      facts = await this.#facts(server);
    } catch (reason) {
      const problem = reason instanceof Error ? reason.message : String(reason);
      // Why it is not let in was said before.
      if (!(problem.startsWith('NOAUTH') && this.#problem.startsWith('WRONGPASS'))) this.#problem = problem;
      if (server.status === 'ready') server.disconnect(!client.isCluster);
      return;
    }
    if (server.status !== 'ready') return;
    if (client.isCluster && facts.role !== 'master') {
      this.#runIds.delete(facts.address); // as a master, it may have lost something
      return;
    }
    if (facts.isLoading) {
      this.#problem = 'it is loading its data';
      this.#later(RETRY_MS, () => this.#look(server));
      return;
    }
    if (client.kind === 'sentinel' && facts.role !== 'master') {
      this.#problem = 'its master is being replaced';
      server.disconnect(true);
      return;
    }
    const unfit = unfitness(facts, durability);
    if (unfit !== undefined) {
      this.#unfit.set(this.#nameOf(facts), unfit);
      const again = client.isCluster ? () => this.#lookAtAll() : () => this.#look(server);
      if (this.#isOpen || !client.isCluster) this.#later(UNFIT_RETRY_MS, again);
      this.#isOpen = false;
      return;
    }
    this.#unfit.delete(this.#nameOf(facts));
    const warn = warning(facts);
    if (warn !== undefined && !this.#warned.has(warn)) this.#options.onWarning(warn);
    if (warn !== undefined) this.#warned.add(warn);
    this.#compare(facts);
    if (!client.isCluster) this.#open();
  }

  /** A cluster's masters, of which a connection is made to each. */
  async #lookAtAll(): Promise<void> {
    const masters = this.#options.client.masters();
    this.#unfit.clear();
    await Promise.all(
      masters.map(async (server) => {
        // Whether it could be connected shows when it is asked.
        if (server.status === 'wait') await server.connect().catch(() => undefined);
        await this.#look(server);
      }),
    );
    if (this.#isClosed) return;
    if (this.#unfit.size === 0) this.#open();
    else this.#later(UNFIT_RETRY_MS, () => this.#lookAtAll());
  }

  #compare(facts: ServerFacts): void {
    const name = this.#nameOf(facts);
    if (this.#runIds.get(name) === facts.runId) return;
    this.#runIds.set(name, facts.runId);
    if (this.#wasOpen) this.#generation++;
  }

  /** Of one server there is one, wherever it is: a fail-over to another address is a change too. */
  #nameOf({ address }: ServerFacts): string {
    return this.#options.client.isCluster ? address : '';
  }

  #open(): void {
    this.#isOpen = true;
    this.#wasOpen = true;
    this.#options.onOpen();
  }

  async #facts(server: Redis): Promise<ServerFacts> {
    const { host = '', port = 0 } = server.options;
    const address = this.#options.client.isCluster ? `${host}:${port}` : 'the server';
    const asked = Promise.all([server.info(), settingsOf(server)]);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('it does not answer')), this.#options.timeoutMs);
    });
    try {
      const [info, settings] = await Promise.race([asked, late]);
      const remote = server.stream.remoteAddress ?? host;
      return serverFacts(
        this.#options.client.isCluster ? address : `${remote}:${server.stream.remotePort ?? port}`,
        info,
        settings,
      );
    } finally {
      clearTimeout(timer);
      asked.catch(() => undefined); // after the deadline nobody waits for it
    }
  }

  #later(ms: number, act: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isClosed) void act();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Undefined when the server's user may not ask. */
async function settingsOf(server: Redis): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const reply = (await server.config('GET', ...SETTINGS)) as readonly string[];
    const settings: Record<string, string> = {};
    for (let i = 0; i + 1 < reply.length; i += 2) settings[reply[i] ?? ''] = reply[i + 1] ?? '';
    return settings;
  } catch (reason) {
    if ((reason as Error).name === 'ReplyError') return undefined;
    throw reason;
  }
}
