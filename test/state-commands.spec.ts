import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { RedisServer } from './support/redis-server.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

interface Replica {
  readonly replica: string;
  readonly pid: number;
}

describe('weaverd state', function () {
  this.timeout(180_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;

  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${url}/${path}`, { signal: AbortSignal.timeout(60_000) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return text;
  };
  const json = async (...args: readonly string[]) => JSON.parse(await daemon.must(...args, '--json'));
  const bankPid = async (): Promise<number> => {
    const status = await json('status', 'bank');
    const replicas = status.groups.flatMap(
      (group: { readonly replicas: readonly Replica[] }) => group.replicas,
    );
    return replicas.find(({ replica }: Replica) => replica.startsWith('Bank')).pid;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wbank-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/bank/main.ts'));
    await writeFile(
      join(folder, 'weaver.toml'),
      `name = "bank"\nentry = ${entry}\n[listeners.bank]\nport = ${port}\n`,
    );
    daemon = await TestDaemon.start();
    await daemon.must('deploy', folder);
    await ask('fill/30/1000000');
  });
  after(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('lists states and keys, and shows values, as their owner has them', async () => {
    expect(await daemon.must('state', 'ls', 'Bank')).to.match(/^accounts +Account$/m);
    const listed = await json('state', 'ls', 'Bank', 'accounts', '--prefix', 'account 2', '--limit', '3');
    expect(listed.entries.map(({ key }: { readonly key: string }) => key)).to.deep.equal([
      'account 2',
      'account 20',
      'account 21',
    ]);
    expect(listed.more).to.equal(true);
    expect(JSON.parse(await daemon.must('state', 'get', 'Bank', 'accounts', 'account 2'))).to.deep.equal({
      owner: 'ö2',
      balance: String(2n ** 80n + 2n),
      opened: '1970-01-01T00:00:00.002Z',
      rate: 2 / 7,
      notes: { a: { string: 'x' }, b: { double: 2 }, c: { bytes: '-1' } },
      kind: 'shop',
      photo: 'AgI=',
    });
    expect((await json('state', 'get', 'Bank', 'accounts', 'account 1')).size).to.be.above(1_000_000);
  });

  it('names what there is not, and what to do', async () => {
    const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
      [['ls', 'Bnak'], 'there is no component Bnak\n mend: did you mean `Bank`?'],
      [['ls', 'Bank', 'acounts'], 'Bank has no state acounts\n mend: it has accounts, accounts.wakes, woken'],
      [
        ['get', 'Bank', 'accounts', 'nobody'],
        'accounts of Bank has no key "nobody"\n mend: `weaverd state ls Bank accounts`',
      ],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await daemon.run('state', ...args);
      expect(code).to.equal(1);
      expect(stderr).to.contain(message);
    }
  });

  it('exports all, and imports it: what is there is passed over, kept or overwritten', async () => {
    await ask('remind/account 3/86400000');
    const file = join(folder, 'bank.jsonl');
    expect(await daemon.must('state', 'export', 'Bank', '--out', file)).to.contain('31 entries of Bank');
    expect(await json('state', 'import', 'Bank', file, '--dry-run')).to.deep.equal({
      entries: 31,
      dryRun: true,
    });
    expect(await json('state', 'import', 'Bank', file)).to.include({ written: 0, same: 31, kept: 0 });
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace('"owner":"ö5"', '"owner":"eve"').replaceAll('"account 7"', '"new one"'),
    );
    const kept = await daemon.run('state', 'import', 'Bank', file);
    expect(kept.code).to.equal(1);
    expect(kept.stdout).to.contain('1 written, 29 there already, 1 kept');
    expect(kept.stderr).to.contain('mend: --overwrite replaces them');
    expect((await json('state', 'get', 'Bank', 'accounts', 'account 5')).value.owner).to.equal('ö5');
    expect(await json('state', 'import', 'Bank', file, '--overwrite')).to.include({
      written: 1,
      same: 30,
      kept: 0,
    });
    expect((await json('state', 'get', 'Bank', 'accounts', 'account 5')).value.owner).to.equal('eve');
    expect((await json('state', 'get', 'Bank', 'accounts', 'new one')).value.owner).to.equal('ö7');
  });

  it('imports nothing of a file in which anything is wrong, and names the line', async () => {
    const file = join(folder, 'wrong.jsonl');
    const text = await daemon.must('state', 'export', 'Bank');
    const lines = text.trimEnd().split('\n');
    const wrong: readonly (readonly [content: string, message: string])[] = [
      [
        text.replaceAll('"kind":"shop"', '"kind":"other"'),
        ':3: accounts["account 0"]: `kind` must be one of private, shop',
      ],
      [lines.slice(0, -1).join('\n'), 'it is not whole'],
      [lines.toSpliced(4, 1).join('\n'), 'entries were exported, and here are'],
      [text.replace('"account 0"', 'account'), ':3: is not JSON'],
      ['x', ':1: is not JSON'],
      [text.replaceAll('"accounts"', '"acounts"'), ':2: there is no state acounts'],
    ];
    for (const [content, message] of wrong) {
      await writeFile(file, content);
      const { code, stderr } = await daemon.run('state', 'import', 'Bank', file, '--overwrite');
      expect(code).to.equal(1);
      expect(stderr).to.contain(message).and.to.contain('nothing was imported');
    }
    expect((await json('state', 'get', 'Bank', 'accounts', 'account 0')).value.kind).to.equal('shop');
  });

  it('AT-LEAST-ONCE: a reminder comes though the process that was to hear it is killed', async () => {
    await ask('remind/killed/1500');
    process.kill(await bankPid(), 'SIGKILL');
    const until = async (): Promise<number> => Number(await ask('woken/killed').catch(() => '0'));
    while ((await until()) === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await until()).to.equal(1);
    const left = await json('state', 'ls', 'Bank', 'accounts.wakes', '--prefix', 'killed');
    expect(left.entries).to.deep.equal([]);
  });

  it('reads and writes the file of an app that is stopped, also without a daemon; nobody else can meanwhile', async () => {
    const file = join(folder, 'stopped.jsonl');
    const before = await daemon.must('state', 'export', 'Bank');
    const comparable = (text: string) => text.replace(/"at":"[^"]*"/, '');
    await daemon.must('stop', 'bank');
    await daemon.must('state', 'export', 'Bank', '--out', file);
    expect(comparable(await readFile(file, 'utf8'))).to.equal(comparable(before));
    await writeFile(file, before.replaceAll('"account 9"', '"while stopped"'));
    expect(await json('state', 'import', 'Bank', file)).to.include({ written: 1, kept: 0 });
    await daemon.must('shutdown');
    const alone = await json('state', 'get', 'Bank', 'accounts', 'while stopped');
    expect(alone.value.owner).to.equal('ö9');
    await daemon.restart();
    await daemon.must('deploy', folder);
    expect((await json('state', 'get', 'Bank', 'accounts', 'while stopped')).value.owner).to.equal('ö9');
  });
});

describe('weaverd state of several owners', function () {
  this.timeout(180_000);
  let redis: RedisServer;
  let daemon: TestDaemon;
  let folder: string;
  let url: string;

  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${url}/${path}`, { signal: AbortSignal.timeout(60_000) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(text);
    return text;
  };
  const json = async (...args: readonly string[]) => JSON.parse(await daemon.must(...args, '--json'));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wbank-'));
    redis = await RedisServer.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/bank/main.ts'));
    await writeFile(
      join(folder, 'weaver.toml'),
      `name = "bank"\nentry = ${entry}\n[components.Bank]\nreplicas = 3\n[state]\ndurability = "everysec"\n[listeners.bank]\nport = ${port}\n`,
    );
    await writeFile(join(folder, 'weaverd.toml'), `[redis]\nurl = "redis://127.0.0.1:${redis.port}"\n`);
    daemon = await TestDaemon.start(undefined, join(folder, 'weaverd.toml'));
    await daemon.must('deploy', folder);
    await ask('fill/40/500000');
  });
  after(async () => {
    await daemon.destroy();
    await redis.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('lists and exports the keys of all of them, in their order, and imports each by its owner', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `account ${index}`).sort();
    const { entries } = await json('state', 'ls', 'Bank', 'accounts');
    expect(entries.map(({ key }: { readonly key: string }) => key)).to.deep.equal(keys);
    for (const key of keys.slice(0, 5))
      expect((await json('state', 'get', 'Bank', 'accounts', key)).value.kind).to.equal('shop');
    const file = join(folder, 'bank.jsonl');
    expect(await daemon.must('state', 'export', 'Bank', '--out', file)).to.contain('40 entries');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll('"kind":"shop"', '"kind":"private"'));
    expect(await json('state', 'import', 'Bank', file, '--overwrite')).to.include({ written: 40 });
    expect(await json('state', 'import', 'Bank', file)).to.include({ written: 0, same: 40 });
    const after = await json('state', 'ls', 'Bank', 'accounts');
    expect(
      new Set(after.entries.map((each: { readonly value: { kind: string } }) => each.value.kind)),
    ).to.deep.equal(new Set(['private']));
  });

  it('AT-LEAST-ONCE: reminders come though owners are killed, each with the owner that its key has then', async () => {
    const keys = Array.from({ length: 24 }, (_, index) => `reminded ${index}`);
    await Promise.all(keys.map((key, index) => ask(`remind/${key}/${1000 + 100 * index}`)));
    const { groups } = await json('status', 'bank');
    const owners: readonly { readonly replica: string; readonly pid: number }[] = groups.flatMap(
      (group: { readonly replicas: readonly object[] }) => group.replicas,
    );
    for (const { replica, pid } of owners) if (/^Bank-[12]$/.test(replica)) process.kill(pid, 'SIGKILL');
    for (const key of keys)
      await eventually(`the reminder of ${key}`, async () =>
        Number(await ask(`woken/${key}`)) > 0 ? true : undefined,
      );
    await eventually('none is left', async () => {
      const left = await json('state', 'ls', 'Bank', 'accounts.wakes');
      return left.entries.length === 0 ? true : undefined;
    });
  });

  it('says that it is not on this disk when nobody serves', async () => {
    await daemon.must('stop', 'bank');
    const { code, stderr } = await daemon.run('state', 'ls', 'Bank', 'accounts');
    expect(code).to.equal(1);
    expect(stderr).to.contain('no replica of Bank serves').and.to.contain('weaverd status bank');
  });
});
