import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createProgram, runCli } from './program.js';
import { fakeEnvironment } from './spec-support/fake-environment.js';

async function weaverd(
  args: readonly string[],
  cwd?: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const cli = fakeEnvironment(cwd === undefined ? {} : { cwd });
  const code = await runCli(args, cli);
  return { code, stdout: cli.stdout.text(), stderr: cli.stderr.text() };
}

describe('weaverd', () => {
  it('shows its help: on stdout when asked, else as a usage error', async () => {
    const asked = await weaverd(['--help']);
    expect(asked.code).to.equal(0);
    expect(asked.stdout).to.contain('Exit codes:');
    const unasked = await weaverd([]);
    expect(unasked).to.include({ code: 2, stdout: '' });
    expect(unasked.stderr).to.contain('Commands:');
  });

  it('shows its version', async () => {
    expect((await weaverd(['--version'])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });

  it('has every command described, with examples', () => {
    for (const command of createProgram(fakeEnvironment()).commands) {
      expect(command.summary(), command.name()).to.not.equal('');
      expect(command.description(), command.name()).to.not.equal('');
      const leaves = command.commands.length > 0 ? command.commands : [command];
      for (const leaf of leaves) {
        let help = '';
        leaf.configureOutput({ writeOut: (text) => (help += text) });
        leaf.outputHelp();
        if (leaf.name() !== 'help') expect(help, leaf.name()).to.contain('$ weaverd ');
      }
    }
  });

  it('names the nearest command and option', async () => {
    expect(await weaverd(['deplyo'])).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: "error: unknown command 'deplyo'\n mend: did you mean deploy?\n",
    });
    expect((await weaverd(['ps', '--jsn'])).stderr).to.equal(
      "error: unknown option '--jsn'\n mend: did you mean --json?\n",
    );
  });

  const wrong: readonly (readonly [readonly string[], string])[] = [
    [['stop'], "missing required argument 'app'"],
    [['run', '--port', 'shop'], 'Give listener=port, such as shop=8080.'],
    [['run', '--port', 'shop=70000'], 'Give listener=port'],
    [['run', '--colocate', 'some'], 'Allowed choices are all, none.'],
    [['logs', '--level', 'loud'], 'Give one of trace, debug, info, warn, error, fatal.'],
    [['logs', '--since', 'noon'], 'Give a duration such as 30s, 10m or 2h.'],
    [['logs', '-n', 'many'], 'Give a whole number'],
    [['deploy', 'a', 'b'], 'too many arguments'],
  ];
  for (const [args, message] of wrong)
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await weaverd(args);
      expect(code).to.equal(2);
      expect(stderr).to.contain(message).and.to.contain(`see \`weaverd ${args[0]} --help\``);
    });

  it('says that no daemon runs, with an exit code of its own', async () => {
    const { code, stderr } = await weaverd(['ps', '--state', '/nowhere/at/all']);
    expect(code).to.equal(3);
    expect(stderr).to.equal(
      'error: no weaverd daemon runs on /nowhere/at/all\n mend: start one with `weaverd start`, or name its state folder with --state\n',
    );
  });

  it('tells errors as JSON on stderr under --json', async () => {
    const { stdout, stderr } = await weaverd(['ps', '--json', '--state', '/nowhere/at/all']);
    expect(stdout).to.equal('');
    expect(JSON.parse(stderr).error.message).to.equal('no weaverd daemon runs on /nowhere/at/all');
  });

  describe('in a folder', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'weaverd-cli-'));
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it('reports all that is wrong in both configuration files', async () => {
      await writeFile(join(folder, 'weaver.toml'), 'nme = "x"\n[calls]\ntimout = 3');
      await writeFile(join(folder, 'weaverd.toml'), 'hostNam = "x"');
      const { code, stderr } = await weaverd(['config', 'check', '.', '--config', 'weaverd.toml'], folder);
      expect(code).to.equal(2);
      expect(stderr.replaceAll(folder, '')).to.equal(
        [
          'error: /weaverd.toml:1: unknown key `hostNam` in the top level',
          ' mend: did you mean `hostName`?',
          'error: /weaver.toml:1: unknown key `nme` in the top level',
          ' mend: did you mean `name`?',
          'error: /weaver.toml:3: unknown key `timout` in [calls]',
          ' mend: did you mean `timeout`?',
          '',
        ].join('\n'),
      );
    });

    it('accepts valid configuration, and none', async () => {
      await writeFile(join(folder, 'main.ts'), '');
      expect((await weaverd(['config', 'check', '--no-build'], folder)).stdout).to.equal(
        'no weaver.toml: the defaults hold\nno weaverd.toml: the defaults hold\n',
      );
      await writeFile(join(folder, 'weaver.toml'), 'name = "x"');
      const { stdout } = await weaverd(['config', 'check', '--no-build', '--json'], folder);
      expect(JSON.parse(stdout)).to.deep.equal({
        valid: true,
        files: [{ kind: 'app', file: join(folder, 'weaver.toml') }, { kind: 'daemon' }],
      });
    });

    it('prints the schemas', async () => {
      const { stdout } = await weaverd(['config', 'schema', '--of', 'weaverd.toml'], folder);
      expect(JSON.parse(stdout).properties).to.have.property('stateFolder');
    });

    it('does not run what is no app', async () => {
      const { code, stderr } = await weaverd(['run'], folder);
      expect(code).to.equal(2);
      expect(stderr).to.contain(`error: no entry file in ${folder}`);
    });

    it('points at the daemon of a `weaverd run` in the same folder', async () => {
      await mkdir(join(folder, '.weaver/state'), { recursive: true });
      const { code, stderr } = await weaverd(['ps'], folder);
      expect(code).to.equal(3);
      expect(stderr).to.contain('--state .weaver/state');
    });
  });
});
