import { createServer } from 'node:net';
import type { KeyedStore } from '../bus/bus.js';
import { subjectToken } from '../bus/subjects.js';
import type { ChosenPort } from './listeners.js';

/** Ports that were chosen for listeners that left it open; in the store, so that addresses stay. */
export class PortTable {
  readonly #store: KeyedStore;
  readonly #findPort: (host: string) => Promise<number>;
  readonly #ports = new Map<string, ChosenPort>();
  readonly #unsaved = new Set<string>();

  private constructor(store: KeyedStore, findPort: (host: string) => Promise<number>) {
    this.#store = store;
    this.#findPort = findPort;
  }

  static async open(store: KeyedStore, findPort: (host: string) => Promise<number>): Promise<PortTable> {
    const table = new PortTable(store, findPort);
    for (const key of await store.keys()) {
      const entry = await store.get(key);
      if (entry !== undefined) table.#ports.set(key, entry.value as ChosenPort);
    }
    return table;
  }

  get(app: string, listener: string): ChosenPort | undefined {
    return this.#ports.get(keyOf(app, listener));
  }

  /** To be saved. Rejects when the host has no such address. */
  async choose(app: string, listener: string, host: string): Promise<ChosenPort> {
    const chosen = { host, port: await this.#findPort(host) };
    const key = keyOf(app, listener);
    this.#ports.set(key, chosen);
    this.#unsaved.add(key);
    return chosen;
  }

  /** To be saved. */
  forget(app: string): void {
    const prefix = keyOf(app, '');
    for (const key of [...this.#ports.keys()].filter((each) => each.startsWith(prefix))) {
      this.#ports.delete(key);
      this.#unsaved.add(key);
    }
  }

  /** Rejects with the store's BusError; what was not saved is tried again by the next call. */
  async save(): Promise<void> {
    for (const key of [...this.#unsaved]) {
      const port = this.#ports.get(key);
      if (port === undefined) await this.#store.delete(key);
      else await this.#store.put(key, port);
      this.#unsaved.delete(key);
    }
  }
}

function keyOf(app: string, listener: string): string {
  return `${subjectToken(app)}/${listener === '' ? '' : subjectToken(listener)}`;
}

/** A port that is free at this moment. */
export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error(`${host} gave no port`));
      });
    });
  });
}
