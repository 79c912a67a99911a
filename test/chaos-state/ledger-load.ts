import { setTimeout } from 'node:timers/promises';
import { monotonicNow } from '../cluster/support/history.js';
import type { FinalAccount, Transfer } from '../linearizability/conservation.js';
import type { Outcome } from '../linearizability/operation.js';
import { Random } from '../simulation/random.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import { LedgerClient } from './ledger-client.js';
import type { LedgerHistory } from './ledger-history.js';
import { Recorder } from './recorder.js';

const ACCOUNTS = 8;
const LISTS = 4;
const REGISTERS = 4;
/** A list is answered whole: then another takes its place. */
const APPENDS_PER_LIST = 250;
const PAUSE_MS = 15;
const READER_PAUSE_MS = 100;
const RETRY_MS = 100;
/** In which everything begun is decided, once nobody begins anything new. */
const SETTLING_MS = 60_000;

/** Clients that transfer money, append to lists, and write registers, each one thing after the other, until stopped. */
export class LedgerLoad implements ClientLoad {
  readonly #recorder = new Recorder();
  readonly #transfers: Transfer[] = [];
  readonly #appends: number[] = Array.from({ length: LISTS }, () => 0);
  readonly #clients: readonly LedgerClient[];
  readonly #running: Promise<unknown>;
  #values = 0;
  /** Infinity while it goes on. */
  #settleBy = Number.POSITIVE_INFINITY;

  constructor(options: ClientLoadOptions) {
    const { urls, prefer = 'each another', clients, readers = false, name, seed } = options;
    const random = new Random(seed);
    const client = (title: string, first: number) =>
      new LedgerClient(`${name}${title}`, rotated(urls, prefer === 'first' ? 0 : first));
    const writing = Array.from({ length: clients }, (_, index) => client(`${index}`, index));
    const reading = readers ? this.#keys().map((key, index) => client(`reader of ${key}`, index)) : [];
    this.#clients = [...writing, ...reading];
    this.#running = Promise.all([
      ...writing.map((each) => this.#run(each, random.fork(each.name))),
      ...reading.map((each, index) => this.#readOn(each, index)),
    ]);
    this.#running.catch(() => undefined); // `settle` reports it
  }

  async unservedSince(time: number): Promise<readonly string[]> {
    const { servedSince, lastFailure } = this.#recorder;
    const unserved = this.#keys().filter((key) => (servedSince.get(key) ?? 0) < time);
    return unserved.map((key) => `${key} (${lastFailure.get(key) ?? 'never failed'})`);
  }

  async settle(): Promise<void> {
    this.#settleBy = Math.min(this.#settleBy, monotonicNow() + SETTLING_MS);
    await this.#running;
  }

  async finish(): Promise<LedgerHistory> {
    const [client] = this.#clients;
    if (client === undefined) throw new Error('a load needs a client');
    const finalAccounts: FinalAccount[] = [];
    for (const key of this.#keys()) {
      if (key.startsWith('account')) {
        const found = await this.#decided(() => this.#recorder.account(client, key, READ));
        finalAccounts.push({ key, ...found });
      } else await this.#decided(() => this.#read(client, key));
    }
    for (const each of this.#clients) each.close();
    const { accounts, lists, registers } = this.#recorder;
    return { accounts, lists, registers, transfers: this.#transfers, finalAccounts };
  }

  async #run(client: LedgerClient, random: Random): Promise<void> {
    while (this.#settleBy === Number.POSITIVE_INFINITY) {
      await this.#act(client, random);
      await setTimeout(random.between(0, 2 * PAUSE_MS));
    }
  }

  async #readOn(client: LedgerClient, index: number): Promise<void> {
    while (this.#settleBy === Number.POSITIVE_INFINITY) {
      await this.#read(client, this.#keys()[index] ?? '');
      await setTimeout(READER_PAUSE_MS);
    }
  }

  #read(client: LedgerClient, key: string): Promise<Outcome<unknown>> {
    if (key.startsWith('list')) return this.#recorder.list(client, key, READ);
    if (key.startsWith('register')) return this.#recorder.register(client, key, READ);
    return this.#recorder.account(client, key, READ);
  }

  async #act(client: LedgerClient, random: Random): Promise<void> {
    const share = random.next();
    const value = `${client.name}.${this.#values++}`;
    const account = random.whole(0, ACCOUNTS);
    const list = random.whole(0, LISTS);
    const register = `register${random.whole(0, REGISTERS)}`;
    if (share < 0.25) {
      const other = (account + random.whole(1, ACCOUNTS)) % ACCOUNTS;
      const [from, to] = [`account${account}`, `account${other}`];
      await this.#transfer(client, { id: value, from, to, amount: random.whole(1, 40) });
    } else if (share < 0.35) await this.#recorder.account(client, `account${account}`, READ);
    else if (share < 0.55) {
      const key = this.#listKey(list);
      this.#appends[list] = (this.#appends[list] ?? 0) + 1;
      await this.#recorder.list(client, key, { kind: 'append', element: value });
    } else if (share < 0.7) await this.#recorder.list(client, this.#listKey(list), READ);
    else if (share < 0.8) await this.#recorder.register(client, register, { kind: 'write', value });
    else if (share < 0.9) await this.#recorder.register(client, register, { kind: 'swap', value });
    else await this.#recorder.register(client, register, READ);
  }

  /** Both sides are tried until each is decided, with the same id. */
  async #transfer(client: LedgerClient, transfer: Omit<Transfer, 'isAccepted'>): Promise<void> {
    const { id, from, to, amount } = transfer;
    const side = (key: string, signed: number) =>
      this.#decided(() => this.#recorder.account(client, key, { kind: 'apply', id, amount: signed }));
    const { accepted } = await side(from, -amount);
    if (accepted) await side(to, amount);
    this.#transfers.push({ ...transfer, isAccepted: accepted });
  }

  async #decided<Output>(attempt: () => Promise<Outcome<Output>>): Promise<Output> {
    for (;;) {
      const outcome = await attempt();
      if (outcome.kind === 'ok') return outcome.output;
      if (monotonicNow() > this.#settleBy)
        throw new Error(`undecided ${SETTLING_MS} ms after the end: ${outcome.code}`);
      await setTimeout(RETRY_MS);
    }
  }

  #keys(): readonly string[] {
    return [
      ...Array.from({ length: ACCOUNTS }, (_, index) => `account${index}`),
      ...this.#appends.map((_, index) => this.#listKey(index)),
      ...Array.from({ length: REGISTERS }, (_, index) => `register${index}`),
    ];
  }

  #listKey(list: number): string {
    return `list${list}.${Math.floor((this.#appends[list] ?? 0) / APPENDS_PER_LIST)}`;
  }
}

const READ = { kind: 'read' } as const;

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const from = by % items.length;
  return [...items.slice(from), ...items.slice(0, from)];
}
