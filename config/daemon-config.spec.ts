import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from './config-problem.js';
import { type DaemonConfig, loadDaemonConfig } from './daemon-config.js';
import { defaultDaemonConfigFile, defaultStateFolder } from './state-folder-path.js';

describe('loadDaemonConfig', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-config-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function load(
    given: { file?: string; stateFolder?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<DaemonConfig> {
    return loadDaemonConfig({
      file: given.file,
      stateFolder: given.stateFolder,
      env: { HOME: folder, ...given.env },
      cwd: folder,
      userId: 1000,
    });
  }

  it('needs no file', async () => {
    expect(await load()).to.deep.equal({
      stateFolder: join(folder, '.local/state/weaverd'),
      hostName: hostname(),
      logLevel: 'info',
      transport: 'unix',
      compression: 'auto',
      warmProclets: 1,
      cluster: undefined,
      nats: undefined,
      redis: undefined,
      file: undefined,
    });
  });

  it('takes the state folder from --state, else WEAVERD_STATE, else the file', async () => {
    await writeFile(
      join(folder, 'w.toml'),
      'stateFolder = "in-file"\ntransport = "tcp"\ncompression = "off"',
    );
    const env = { WEAVERD_STATE: 'in-env' };
    expect(await load({ file: 'w.toml', env, stateFolder: 'flag' })).to.include({
      stateFolder: join(folder, 'flag'),
      transport: 'tcp',
      compression: 'off',
    });
    expect(await load({ file: 'w.toml', env })).to.include({ stateFolder: join(folder, 'in-env') });
    expect(await load({ file: 'w.toml' })).to.include({ stateFolder: join(folder, 'in-file') });
    expect(await load({ env: { WEAVERD_STATE: '' } })).to.include({
      stateFolder: join(folder, '.local/state/weaverd'),
    });
  });

  it('reads how NATS is reached, which a cluster needs', async () => {
    const cluster = '[cluster]\naddress = "10.0.0.1"\nsecretFile = "key"\n';
    const nats = '[nats]\nservers = ["nats://10.0.0.1:4222"]\ntokenFile = "token"\n';
    await writeFile(join(folder, 'key'), 'x'.repeat(48), { mode: 0o600 });
    await writeFile(join(folder, 'w.toml'), cluster + nats);
    expect((await load({ file: 'w.toml' })).nats).to.deep.equal({
      servers: ['nats://10.0.0.1:4222'],
      replicas: 1,
      credentials: { kind: 'token', file: join(folder, 'token') },
    });
    await writeFile(join(folder, 'w.toml'), cluster);
    const refusal = await load({ file: 'w.toml' }).catch((reason: unknown) => reason);
    expect(refusal).to.be.instanceOf(ConfigError);
    expect((refusal as ConfigError).message).to.contain('[cluster] needs [nats]');
  });

  it('reads the default file when it is there', async () => {
    await mkdir(join(folder, '.config/weaverd'), { recursive: true });
    await writeFile(join(folder, '.config/weaverd/weaverd.toml'), 'hostName = "one"');
    expect(await load()).to.include({
      hostName: 'one',
      file: join(folder, '.config/weaverd/weaverd.toml'),
    });
  });

  it('reports a named file that is not there, and all that is wrong in one', async () => {
    const missing = await load({ file: 'none.toml' }).catch((reason: unknown) => reason);
    expect(missing).to.be.instanceOf(ConfigError);
    await writeFile(join(folder, 'bad.toml'), 'trnsport = "udp"\nlogLevel = "loud"');
    const bad = await load({ file: 'bad.toml' }).catch((reason: unknown) => reason);
    expect(
      (bad as ConfigError).problems.map(({ line, message, mend }) => ({ line, message, mend })),
    ).to.deep.equal([
      { line: 1, message: 'unknown key `trnsport` in the top level', mend: 'did you mean `transport`?' },
      {
        line: 2,
        message:
          '`logLevel` must be "trace" or "debug" or "info" or "warn" or "error", but is the string "loud"',
        mend: undefined,
      },
    ]);
  });
});

describe('default paths', () => {
  it('are the system ones for root', () => {
    expect(defaultStateFolder({}, 0)).to.equal('/var/lib/weaverd');
    expect(defaultDaemonConfigFile({}, 0)).to.equal('/etc/weaverd/weaverd.toml');
  });

  it('follow XDG for others, which has relative paths ignored', () => {
    expect(defaultStateFolder({ XDG_STATE_HOME: '/s' }, 7)).to.equal('/s/weaverd');
    expect(defaultStateFolder({ XDG_STATE_HOME: 's', HOME: '/h' }, 7)).to.equal('/h/.local/state/weaverd');
    expect(defaultDaemonConfigFile({ XDG_CONFIG_HOME: '/c' }, 7)).to.equal('/c/weaverd/weaverd.toml');
  });
});
