import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { LedgerLoad } from './ledger-load.js';
import { reportOf } from './report.js';

interface Call {
  readonly method: string;
  readonly key: string;
  readonly id: string;
  readonly amount: number;
  readonly element: string;
  readonly value: string;
}

interface Account {
  readonly balance: number;
  readonly applied: readonly string[];
}

/** A ledger in memory. Of two owners, each acts for what it knows. */
class Owner {
  constructor(
    private readonly accounts: Map<string, Account> = new Map(),
    private readonly lists: Map<string, readonly string[]> = new Map(),
    private readonly registers: Map<string, string> = new Map(),
  ) {}

  copy(): Owner {
    return new Owner(new Map(this.accounts), new Map(this.lists), new Map(this.registers));
  }

  answer({ method, key, id, amount, element, value }: Call): unknown {
    const account = this.accounts.get(key) ?? { balance: 100, applied: [] };
    const list = this.lists.get(key) ?? [];
    const register = this.registers.get(key) ?? null;
    switch (method) {
      case 'account':
        return { accepted: true, ...account };
      case 'apply': {
        if (account.applied.includes(id)) return { accepted: true, ...account };
        const balance = account.balance + amount;
        if (balance < 0) return { accepted: false, ...account };
        this.accounts.set(key, { balance, applied: [...account.applied, id] });
        return { accepted: true, ...this.accounts.get(key) };
      }
      case 'list':
        return list;
      case 'append':
        this.lists.set(key, [...list, element]);
        return this.lists.get(key);
      case 'read':
        return register;
      default:
        this.registers.set(key, value);
        return method === 'swap' ? register : null;
    }
  }
}

describe('load of a ledger', () => {
  let server: Server;
  let url: string;
  /** Who answers the nth call. */
  let ownerOf: (call: number) => Owner;

  beforeEach(async () => {
    let calls = 0;
    server = createServer(async (request, response) => {
      const call = (await json(request)) as Call;
      const chance = calls++;
      const output = ownerOf(chance).answer(call);
      if (chance % 50 === 17)
        response.destroy(); // it took effect, and nobody knows
      else if (chance % 50 === 33) response.end(JSON.stringify({ code: 'UNAVAILABLE', executed: 'unknown' }));
      else response.end(JSON.stringify({ output }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function reportAfter(ms: number) {
    const load = new LedgerLoad({ urls: [url], clients: 6, name: 'c', seed: 7 });
    await setTimeout(ms);
    await load.settle();
    return reportOf({ round: 'in memory', seed: 7, faults: [] }, await load.finish());
  }

  it('finds nothing wrong with one owner that forgets nothing', async () => {
    const owner = new Owner();
    ownerOf = () => owner;
    const report = await reportAfter(1000);
    expect(report.problems).to.deep.equal([]);
    expect(report.unknown).to.have.keys('HTTP ECONNRESET', 'UNAVAILABLE');
    expect(report.longestUnavailabilityMs).to.have.property('account0');
  });

  it('finds an owner that goes on after another has taken over', async () => {
    const old = new Owner();
    let successor: Owner | undefined;
    ownerOf = (call) => {
      if (call < 150) return old;
      successor ??= old.copy();
      return call % 3 === 0 ? old : successor;
    };
    const report = await reportAfter(1500);
    expect(report.problems.join('\n'))
      .to.match(/^account account\d.*violation/m)
      .and.to.match(/^list list\d.*violation/m);
  });

  it('finds writes that were lost with their owner', async () => {
    const stored = new Owner();
    let cached = new Owner();
    ownerOf = (call) => {
      if (call === 150) cached = stored.copy();
      return cached;
    };
    const report = await reportAfter(1500);
    expect(report.problems.join('\n'))
      .to.match(/violation/)
      .and.to.match(/the accounts together hold|lacks/);
  });
});
