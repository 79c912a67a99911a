import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BusError, type KeyedStore } from '../bus/bus.js';
import { LocalBus } from '../bus/local-bus.js';
import { reconcileMemory } from './reconcile-memory.js';
import { writeBack } from './write-back.js';

describe('writeBack', () => {
  let folder: string;
  let bus: LocalBus;
  let apps: KeyedStore;
  const remembered = ['blog', 'shop'].map((key) => ({ bucket: 'apps', key, value: { app: key, change: 4 } }));
  const { restore } = reconcileMemory([], [{ host: 'a', entries: remembered }]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-write-back-'));
    bus = await LocalBus.open({ folder, report: () => undefined });
    apps = bus.store('apps');
  });

  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  });

  const storeOf = (bucket: string) => bus.store(bucket);

  it('writes what survived to an empty store; once more does no harm', async () => {
    expect((await writeBack(storeOf, restore, () => true)).written).to.deep.equal(restore);
    expect((await writeBack(storeOf, restore, () => true)).written).to.deep.equal(restore);
    expect(await apps.get('shop')).to.deep.include({ value: { app: 'shop', change: 4 }, revision: 2 });
  });

  it('skips what another changed meanwhile', async () => {
    await apps.put('shop', { app: 'shop', change: 1 });
    const { written, skipped } = await writeBack(storeOf, restore, () => true);
    expect([written.map(({ key }) => key), skipped.map(({ key }) => key)]).to.deep.equal([
      ['blog'],
      ['shop'],
    ]);
    expect((await apps.get('shop'))?.value).to.deep.equal({ app: 'shop', change: 1 });
  });

  it('skips what has another content of the same number', async () => {
    const [restoration] = reconcileMemory(
      [{ bucket: 'apps', key: 'shop', value: { app: 'shop', change: 4 } }],
      [
        {
          host: 'a',
          entries: [{ bucket: 'apps', key: 'shop', value: { app: 'shop', is: 'other', change: 4 } }],
        },
      ],
    ).restore;
    await apps.put('shop', { app: 'shop', is: 'newest', change: 4 });
    const { skipped } = await writeBack(storeOf, restoration === undefined ? [] : [restoration], () => true);
    expect(skipped).to.have.length(1);
    expect((await apps.get('shop'))?.value).to.have.property('is', 'newest');
  });

  it('writes nothing once it may not', async () => {
    let may = 1;
    const { written, skipped } = await writeBack(storeOf, restore, () => may-- > 0);
    expect([written.length, skipped.length]).to.deep.equal([1, 1]);
    expect(await apps.keys()).to.deep.equal(['blog']);
  });

  it('reads back a write of unknown outcome', async () => {
    for (const applied of [true, false]) {
      let fails = true;
      const flaky: KeyedStore = {
        ...forwarding(apps),
        async update(key, value, revision) {
          if (!fails) return apps.update(key, value, revision);
          fails = false;
          if (applied) await apps.update(key, value, revision);
          throw new BusError('OUTCOME_UNKNOWN', 'no answer');
        },
      };
      await apps.delete('blog');
      expect(
        (
          await writeBack(
            () => flaky,
            restore.slice(0, 1),
            () => true,
          )
        ).written,
      ).to.have.length(1);
      expect((await apps.get('blog'))?.value).to.deep.equal({ app: 'blog', change: 4 });
    }
  });
});

function forwarding(store: KeyedStore): KeyedStore {
  return {
    get: (key) => store.get(key),
    put: (key, value) => store.put(key, value),
    create: (key, value) => store.create(key, value),
    update: (key, value, revision) => store.update(key, value, revision),
    delete: (key, revision) => store.delete(key, revision),
    keys: () => store.keys(),
    watch: (handler) => store.watch(handler),
  };
}
