import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { type MemoryEntry, tombstone } from '../memory/memory-entry.js';
import { serveMemory } from '../memory/memory-service.js';
import { summarize } from '../memory/memory-summary.js';
import { FakeClock } from '../processes/spec-support/fake-clock.js';
import { Survivors } from './survivors.js';

const subjects = subjectsOf('test');
const shop = (change: number): MemoryEntry => ({
  bucket: 'apps',
  key: 'shop',
  value: { app: 'shop', change },
});

describe('survivors', () => {
  let folder: string;
  let bus: LocalBus;
  let clock: FakeClock;
  let stored: readonly MemoryEntry[];
  let events: string[];
  let asked: number;
  let leads: boolean;
  let survivors: Survivors;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-survivors-'));
    bus = await LocalBus.open({ folder, report: () => undefined });
    clock = new FakeClock();
    stored = [];
    events = [];
    asked = 0;
    leads = true;
    survivors = new Survivors({
      bus,
      subjects,
      clock,
      stored: () => stored,
      mayWrite: () => leads,
      onEvent: (message) => events.push(message),
    });
  });
  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true });
  });

  /** A host that remembers these; the digest that it reports. */
  function host(name: string, entries: readonly MemoryEntry[]): readonly [string, string] {
    serveMemory(bus, subjects, name, {
      summary: () => {
        asked++;
        return summarize(entries);
      },
      contents: (ids) => entries.filter(({ key }) => ids.some((id) => id.key === key)),
    });
    return [name, summarize(entries).digest];
  }
  const inStore = async () => (await bus.store('apps').get('shop'))?.value;

  it('give an emptied store the newest of what they remember, and say so', async () => {
    const memories = new Map([host('a', [shop(3)]), host('b', [shop(5)]), host('c', [])]);
    expect(await survivors.restore(memories)).to.equal(true);
    expect(await inStore()).to.deep.equal({ app: 'shop', change: 5 });
    expect(events).to.deep.equal([
      'apps/shop was missing from the store: what b remembers (change 5) was written back',
    ]);
  });

  it('do not bring back what was removed', async () => {
    const memories = new Map([
      host('a', [shop(3)]),
      host('b', [{ bucket: 'apps', key: 'shop', value: tombstone(4, 1) }]),
    ]);
    await survivors.restore(memories);
    expect(await inStore()).to.include({ tombstone: true });
  });

  it('are asked when a leader begins, when the store was reset, and when they differ for long', async () => {
    stored = [shop(3)];
    const same = new Map([host('a', [shop(3)])]);
    expect(await survivors.restore(same)).to.equal(false);
    expect(asked, 'all agree').to.equal(0);
    const lagging = new Map([...same, host('b', [shop(2)])]);
    await survivors.restore(lagging);
    expect(asked, 'it just lags behind').to.equal(0);
    await clock.pass(3000);
    await survivors.restore(lagging);
    expect(asked).to.equal(2);
    expect(events, 'the store is newer').to.deep.equal([]);
    survivors.suspect();
    await survivors.restore(lagging);
    expect(asked).to.equal(4);
  });

  it('write nothing for a leader that no longer leads', async () => {
    leads = false;
    expect(await survivors.restore(new Map([host('a', [shop(3)])])), 'nothing is decided').to.equal(true);
    expect(await inStore()).to.equal(undefined);
    expect(events).to.deep.equal([]);
  });

  it('are done without those that do not answer', async () => {
    const memories = new Map([host('a', [shop(3)]), ['gone', 'unknown'] as const]);
    expect(await survivors.restore(memories)).to.equal(true);
    expect(await inStore()).to.deep.equal({ app: 'shop', change: 3 });
  });
});
