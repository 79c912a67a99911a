import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseRecord, replicaId, specFingerprint } from './replica-record.js';
import { ReplicaRecords } from './replica-records.js';
import { fakeReplica } from './spec-support/host-harness.js';

describe('ReplicaRecords', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wd-records-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const open = () => ReplicaRecords.open(folder, (path) => expect.fail(`unreadable: ${path}`));
  const begin = async (records: ReplicaRecords, name: string, startedAt = 1) => {
    const spec = fakeReplica(name);
    const generation = records.nextGeneration(spec);
    const specFile = `/p/${generation}`;
    await records.begin({ spec, generation, restarts: 0, startedAt, specFile, process: undefined });
    return generation;
  };

  it('remembers everything for the next daemon', async () => {
    const records = await open();
    const identity = { pid: 7, startTime: 'boot:1' };
    expect(await begin(records, 'Cart-0')).to.equal(1);
    await records.running(fakeReplica('Cart-0'), identity);
    const token = await records.token('shop', 'v1');
    const again = await open();
    const [record] = again.all();
    expect(record?.spec && specFingerprint(record.spec)).to.equal(specFingerprint(fakeReplica('Cart-0')));
    expect(record).to.deep.include({ generation: 1, process: identity, specFile: '/p/1', status: 'begun' });
    expect(again.knownToken('shop', 'v1')).to.equal(token);
    expect(await begin(again, 'Cart-0')).to.equal(2);
  });

  it('makes one token per version, however many ask at once', async () => {
    const records = await open();
    const tokens = await Promise.all(['v1', 'v1', 'v2'].map((version) => records.token('shop', version)));
    expect(tokens[0]).to.equal(tokens[1]).and.to.have.length(43);
    expect(tokens[0]).to.not.equal(tokens[2]);
  });

  it('makes changes in the order they were asked for', async () => {
    const records = await open();
    const spec = fakeReplica('Cart-0');
    const taken = { spec, restarts: 0, startedAt: 1, specFile: '/p', process: undefined };
    await Promise.all([
      records.begin({ ...taken, generation: 1 }),
      records.ended(spec),
      records.begin({ ...taken, generation: 2 }),
    ]);
    await records.idle();
    expect((await open()).all()[0]).to.include({ generation: 2, status: 'begun' });
  });

  it('gives no generation twice', async () => {
    const records = await open();
    const spec = fakeReplica('Cart-0');
    await begin(records, 'Cart-0');
    const again = { spec, generation: 1, restarts: 0, startedAt: 1, specFile: '/p', process: undefined };
    const reason = await records.begin(again).catch((error: Error) => error.message);
    expect(reason).to.equal('generation 1 of Cart-0 was taken before; the next is 2');
  });

  it('forgets all but the newest ended ones, never the generation', async () => {
    const records = await open();
    for (let time = 0; time < 3; time++) await begin(records, 'old', 0);
    await records.ended(fakeReplica('old'));
    for (let index = 0; index < 256; index++) {
      await begin(records, `r-${index}`, 100 + index);
      await records.ended(fakeReplica(`r-${index}`));
    }
    const next = await open();
    expect(next.all()).to.have.length(256);
    expect(next.all().some(({ replica }) => replica === 'old')).to.equal(false);
    expect(await begin(await open(), 'old')).to.be.greaterThan(3);
  });

  it('takes only whole records', () => {
    for (const text of ['', '{', 'null', '[]', '{"format":2}', '{"format":1,"generation":-1}']) {
      expect(parseRecord(text), text).to.equal(undefined);
    }
  });

  it('tells specs apart by what they start, not by how they are written', () => {
    const spec = fakeReplica('Cart-0');
    const { app, ...rest } = spec;
    expect(specFingerprint({ ...rest, app })).to.equal(specFingerprint(spec));
    expect(specFingerprint({ ...spec, env: { A: '1' } })).to.not.equal(specFingerprint(spec));
    const ids = [spec, fakeReplica('Cart-1'), fakeReplica('Cart-0', 'serve', 'v2')].map(replicaId);
    expect(new Set(ids).size).to.equal(3);
  });
});
