import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { processesNaming } from './support/processes.js';
import { type Finished, REPOSITORY, weaverd } from './support/weaverd.js';

const fixture = (path: string) => join(REPOSITORY, 'test/fixtures', path);

/** What a user sees: exit code, and what must stand in stderr. */
async function refuses(
  args: readonly string[],
  code: number,
  ...words: readonly string[]
): Promise<Finished> {
  const finished = await weaverd(args, { timeoutMs: 60_000 });
  for (const word of words) expect(finished.stderr, finished.stderr).to.contain(word);
  expect(finished.code, finished.stderr).to.equal(code);
  expect(finished.stderr, 'no stack of ours').to.not.match(/\n\s+at .*\/dist\//);
  return finished;
}

describe('bad input of commands, in the words a user sees', function () {
  this.timeout(90_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wb-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  describe('of the command line', () => {
    it('an unknown command, an unknown option, one argument too many', async () => {
      await refuses(['depoly'], 2, "error: unknown command 'depoly'", 'mend: did you mean deploy?');
      await refuses(['build', '--jsno'], 2, "unknown option '--jsno'", 'mend: did you mean --json?');
      await refuses(['stop'], 2, "missing required argument 'app'", 'see `weaverd stop --help`');
    });

    it('an argument of 100 000 characters, without repeating all of it', async () => {
      const { stderr } = await refuses(['build', 'x'.repeat(100_000)], 2, 'error: ', 'xxx');
      expect(stderr.length).to.be.lessThan(5000);
    });

    it('a command for a daemon that is not there', async () => {
      const state = join(folder, 'none');
      await refuses(['ps', '--state', state], 3, `no weaverd daemon runs on ${state}`, 'weaverd start');
      await refuses(['deploy', fixture('catalog'), '--state', state], 3, 'no weaverd daemon runs');
    });
  });

  describe('of the app', () => {
    it('no folder, no entry file', async () => {
      const empty = join(folder, 'empty');
      await mkdir(empty, { recursive: true });
      await refuses(['build', join(folder, 'nowhere')], 2, 'no such file or folder', 'weaver.toml');
      await refuses(['build', empty], 2, `no entry file in ${empty}`, 'main.ts', 'calls run()');
    });

    it('an entry that never calls run', async () => {
      await refuses(
        ['build', fixture('never-runs')],
        4,
        'main.ts:1:1 RUN_NOT_CALLED',
        'await run(',
        '1 problem',
      );
    });

    it('two components of one name, and nothing that merely follows from it', async () => {
      const words = [
        'basket.ts:9:1',
        'cart.ts:9:1',
        'two components are named Cart',
        "{ name: '…' }",
        '2 problems',
      ];
      await refuses(['build', fixture('twice-named')], 4, ...words);
    });

    it('types that cannot travel: all of them, with place, path and mend', async () => {
      const words = [
        'main.ts:6:29',
        'a function cannot travel',
        'Orders.place(order).lines[].onShipped',
        'main.ts:14:9',
        'type any',
        'main.ts:18:3',
        'count returns number',
        'make it async',
        '3 problems',
      ];
      await refuses(['build', fixture('cannot-travel')], 4, ...words);
    });
  });

  describe('of the manifest', () => {
    it('unknown keys and values out of range, all at once', async () => {
      const file = fixture('catalog/unknown-keys.toml');
      const words = [
        `${file}:2: unknown key \`entri\``,
        'did you mean `entry`?',
        `${file}:5: unknown key \`replica\``,
      ];
      await refuses(['config', 'check', file], 2, ...words, `${file}:8: \`listeners.shop.port\``, '65535');
      await refuses(['build', file], 2, ...words);
    });

    it('components and listeners that the app does not have', async () => {
      const file = fixture('catalog/misnamed.toml');
      const words = [
        `${file}:3: unknown component \`Catalogue\``,
        'did you mean `Catalog`?',
        `${file}:6: unknown listener \`shpo\``,
        'did you mean `shop`?',
      ];
      await refuses(['build', file], 2, ...words);
    });
  });

  describe('of the state folder', () => {
    it('one that is a file, is below a file, or is where nobody can make one', async () => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      await refuses(
        ['start', '--state', file],
        1,
        `cannot make the folder ${file}`,
        'a file of that name',
        '--state',
      );
      await refuses(
        ['start', '--detach', '--state', join(file, 'x')],
        1,
        'folder above it is a file',
        '--state',
      );
      await refuses(['start', '--state', '/proc/weaverd'], 1, 'cannot make the folder /proc/weaverd');
    });

    it('one that this user may not write', async () => {
      const closed = join(folder, 'closed');
      await mkdir(closed, { mode: 0o555, recursive: true });
      // Root may write anywhere but here.
      const state = process.getuid?.() === 0 ? '/sys/weaverd' : join(closed, 'state');
      const { stderr } = await refuses(['start', '--state', state], 1, `cannot make the folder ${state}`);
      expect(stderr).to.match(/permission denied|read-only/);
    });
  });

  describe('under `weaverd run`', () => {
    it('an app that throws while it is loaded: its error and place are shown, and nothing stays behind', async () => {
      const state = join(folder, 'run');
      const { code, stdout, stderr } = await weaverd(['run', fixture('throws-at-load'), '--state', state]);
      expect(code).to.equal(5);
      const output = stdout + stderr;
      expect(output)
        .to.contain('DATABASE_URL is not set')
        .and.to.contain('main.ts:12:')
        .and.to.contain('Clock-0');
      expect(processesNaming(state)).to.deep.equal([]);
    });
  });
});
