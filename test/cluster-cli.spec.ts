import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DaemonStatus, DoctorReport, HostsReply, LogLine, PlanView } from '../daemon/api/api-types.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { NatsServer } from './support/nats-server.js';
import { type Finished, REPOSITORY, spawnWeaverd, weaverd } from './support/weaverd.js';

const ENTRY = join(REPOSITORY, 'test/fixtures/chatty/main.ts');
const HOSTS = ['h1', 'h2', 'h3'] as const;
type Host = (typeof HOSTS)[number];

describe('the CLI over a cluster', function () {
  this.timeout(180_000);
  let folder: string;
  let nats: NatsServer;
  let manifest: string;
  let url: string;
  const daemons: ReturnType<typeof spawnWeaverd>[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wcli-'));
    nats = await NatsServer.start();
    await writeFile(join(folder, 'key'), 'k'.repeat(48), { mode: 0o600 });
    for (const [index, host] of HOSTS.entries()) {
      await writeFile(
        join(folder, `${host}.toml`),
        [
          `stateFolder = ${JSON.stringify(join(folder, host))}`,
          `hostName = "${host}"`,
          'warmProclets = 0',
          '[cluster]',
          'name = "cli"',
          `address = "127.0.0.${21 + index}"`,
          'secretFile = "key"',
          `labels = { zone = "z${index}" }`,
          '[nats]',
          `servers = ["nats://127.0.0.1:${nats.port}"]`,
          '',
        ].join('\n'),
      );
      start(host);
    }
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    manifest = join(folder, 'weaver.toml');
    await writeFile(
      manifest,
      [
        'name = "chatty"',
        `entry = ${JSON.stringify(ENTRY)}`,
        '[listeners.chat]',
        `port = ${port}`,
        '[components.Chatter]',
        'replicas = 3',
        '',
      ].join('\n'),
    );
    await eventually('three hosts are alive', async () => {
      const { hosts } = await json<HostsReply>('h1', 'hosts');
      return hosts.filter(({ state }) => state === 'alive').length === 3 || undefined;
    });
    await must('h1', 'deploy', manifest);
  });

  after(async () => {
    await on('h1', 'stop', 'chatty', '--remove');
    await Promise.all(HOSTS.map((host) => on(host, 'shutdown')));
    for (const daemon of daemons) daemon.kill('SIGKILL');
    await nats.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  function start(host: Host): void {
    daemons.push(spawnWeaverd(['start', '--config', join(folder, `${host}.toml`)]));
  }

  const on = (host: Host, ...args: string[]): Promise<Finished> =>
    weaverd([...args, '--state', join(folder, host)]);

  async function must(host: Host, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await on(host, ...args);
    if (code !== 0) throw new Error(`weaverd ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  const json = async <T>(host: Host, ...args: string[]): Promise<T> =>
    JSON.parse(await must(host, ...args, '--json')) as T;

  async function say(words: string): Promise<string> {
    const response = await fetch(`${url}/?words=${words}`, { signal: AbortSignal.timeout(10_000) });
    const answer = await response.text();
    if (response.status !== 200) throw new Error(answer);
    return answer;
  }

  const readLines = (stdout: string) =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);

  it('shows the same from any host: hosts, where everything runs, and why', async () => {
    for (const host of HOSTS) {
      const { cluster, hosts } = await json<DaemonStatus>(host, 'status').then(
        ({ cluster: found, host: own }) => {
          expect(own).to.equal(host);
          return { cluster: found, hosts: found?.hosts ?? [] };
        },
      );
      expect(cluster).to.deep.include({ name: 'cli', bus: { state: 'connected' } });
      expect(hosts.map((each) => each.host)).to.deep.equal([...HOSTS]);
      const ps = await must(host, 'ps');
      for (const name of HOSTS) expect(ps).to.match(new RegExp(`Chatter-\\d +${name} +serving`));
      const { apps } = await json<PlanView>(host, 'plan');
      const group = apps[0]?.groups.find((each) => each.group === 'Chatter');
      expect(group?.explanation).to.contain('3');
      expect(group?.replicas).to.have.length(3);
    }
  });

  it('brings the logs of all hosts together, and follows them in order from any host', async () => {
    const replicas = new Set<string>();
    await eventually('all replicas were called', async () => {
      replicas.add(await say('before'));
      return replicas.size === 3 || undefined;
    });
    await eventually('lines of three hosts', async () => {
      const found = readLines(await must('h2', 'logs', 'chatty', '--component', 'Chatter', '--json'));
      return new Set(found.map(({ host }) => host)).size === 3 || undefined;
    });
    const follower = spawnWeaverd([
      'logs',
      'chatty',
      '-f',
      '-n',
      '0',
      '--json',
      '--state',
      join(folder, 'h3'),
    ]);
    let output = '';
    follower.stdout?.on('data', (chunk) => {
      output += String(chunk);
    });
    try {
      await eventually('the follower hears', async () => {
        await say('probe');
        return output.includes('probe') || undefined;
      });
      const spoken = Array.from({ length: 40 }, (_, index) => `word${index}`);
      for (const words of spoken) {
        await say(words);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const heard = () =>
        readLines(output.slice(0, output.lastIndexOf('\n') + 1)).filter(({ message }) =>
          message.startsWith('word'),
        );
      await eventually('all was heard', () => heard().length >= spoken.length || undefined);
      expect(heard().map(({ message }) => message)).to.deep.equal(spoken);
      expect(new Set(heard().map(({ host }) => host)).size).to.be.above(1);
    } finally {
      follower.kill('SIGTERM');
    }
  });

  it('drains a host and lets it in again; refuses to remove one in use, and an unknown one', async () => {
    expect(await must('h1', 'drain', 'h2', '--wait')).to.equal('h2 is drained\n');
    expect(await must('h3', 'ps')).not.to.match(/ h2 +serving/);
    const { hosts } = await json<HostsReply>('h3', 'hosts');
    expect(hosts.find(({ host }) => host === 'h2')).to.include({
      draining: true,
      replicas: 0,
      state: 'alive',
    });
    await must('h3', 'undrain', 'h2');
    await eventually('h2 takes replicas', async () => {
      const found = await json<HostsReply>('h1', 'hosts');
      return found.hosts.some(({ host, draining }) => host === 'h2' && !draining) || undefined;
    });
    const inUse = await on('h1', 'remove', 'h1');
    expect(inUse).to.include({ code: 1, stdout: '' });
    expect(inUse.stderr).to.match(/h1 still runs \d+ replicas\n mend: drain it first/);
    expect((await on('h1', 'drain', 'h9')).stderr).to.contain('there is no host "h9"');
    expect(await must('h2', 'events', '-n', '1000')).to.match(/ h2 - host-drain h2: drain by local/);
  });

  it('finds the planted problem, on the host that has it', async () => {
    const secrets = async () => {
      const { stdout } = await on('h1', 'doctor', '--json');
      return (JSON.parse(stdout) as DoctorReport).findings.filter(({ check }) => check === 'secrets');
    };
    expect((await secrets()).map(({ level }) => level)).to.deep.equal(['ok']);
    await chmod(join(folder, 'h3'), 0o755);
    try {
      const [found, ...others] = await secrets();
      expect(others).to.deep.equal([]);
      expect(found).to.include({ level: 'problem', host: 'h3', mend: `chmod go= ${join(folder, 'h3')}` });
      const { code, stdout } = await on('h2', 'doctor');
      expect(code).to.equal(1);
      expect(stdout).to.contain(
        `problem secrets: h3 ${join(folder, 'h3')} may be read by others (mode 0755)`,
      );
      expect(stdout).to.match(/^ok +ports:/m);
    } finally {
      await chmod(join(folder, 'h3'), 0o700);
    }
  });

  it('says in status that NATS is away, and that it is back; a daemon starts without it', async () => {
    await nats.kill();
    await on('h3', 'shutdown', '--keep-proclets');
    start('h3');
    const status = await eventually('h3 says so', async () => {
      const found = await json<DaemonStatus>('h3', 'status');
      return found.cluster?.bus.state === 'connecting' ? found : undefined;
    });
    expect(status.problems.join('\n')).to.contain('NATS: ').and.to.contain('what runs goes on');
    expect(await eventually('it serves on', () => say('still'))).to.match(/^Chatter-\d/);
    const sick = await on('h3', 'doctor');
    expect(sick.code).to.equal(1);
    expect(sick.stdout).to.contain('problem nats: h3 NATS does not answer');
    await nats.start();
    await eventually(
      'all hosts are back',
      async () => {
        const { hosts } = await json<HostsReply>('h3', 'hosts');
        return hosts.filter(({ state }) => state === 'alive').length === 3 || undefined;
      },
      60_000,
    );
  });
});
