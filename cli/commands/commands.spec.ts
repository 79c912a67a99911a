import { expect } from 'chai';
import { ApiError } from '../../daemon/api/api-error.js';
import type { AppStatus, LogItem, LogLine } from '../../daemon/api/api-types.js';
import type { ApiBackend } from '../../daemon/api/backend.js';
import type { LogQuery } from '../../daemon/api/client.js';
import { runCli } from '../program.js';
import { type FakeDaemon, fakeDaemon } from '../spec-support/fake-daemon.js';
import { type FakeEnvironment, fakeEnvironment } from '../spec-support/fake-environment.js';
import {
  appStatus,
  daemonStatus,
  groupStatus,
  listenerStatus,
  logLine,
  NOW,
  replicaStatus,
  span,
} from '../spec-support/sample-status.js';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('commands against a daemon', () => {
  const daemons: FakeDaemon[] = [];

  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.close();
  });

  async function weaverd(
    args: readonly string[],
    backend: Partial<ApiBackend>,
    cli: FakeEnvironment = fakeEnvironment(),
  ): Promise<Outcome> {
    const daemon = await fakeDaemon(backend);
    daemons.push(daemon);
    const code = await runCli([...args, '--state', daemon.stateFolder], cli);
    return { code, stdout: cli.stdout.text(), stderr: cli.stderr.text() };
  }

  it('ps lists replicas, or JSON', async () => {
    const { code, stdout } = await weaverd(['ps'], {});
    expect(code).to.equal(0);
    expect(stdout).to.match(/^APP .*\nboutique {2}Cart {7}Cart-0 {3}serving .*\n\n/);
    expect(stdout.split('\n').slice(3)).to.deep.equal([
      'APP       LISTENER  ADDRESS                STATE  REQ/S  COMPONENT',
      'boutique  shop      http://127.0.0.1:8080  open     3.0  main',
      '',
      'daemon 99 60.0MiB 0.2% CPU, ingress 100 40.0MiB 0.1% CPU',
      '',
    ]);
    expect(JSON.parse((await weaverd(['ps', '--json'], {})).stdout)).to.deep.equal(
      JSON.parse(JSON.stringify([appStatus()])),
    );
  });

  it('ps says on stderr that there is nothing', async () => {
    const { code, stdout, stderr } = await weaverd(['ps'], {
      status: async () => daemonStatus({ apps: [] }),
    });
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '' });
    expect(stderr).to.contain('nothing is deployed');
  });

  it('ps says on stderr that no app runs, and which are stopped', async () => {
    const stopped = appStatus({ state: 'stopped', groups: [groupStatus({ replicas: [] })] });
    const apps = [stopped, { ...stopped, app: 'hello' }];
    expect(await weaverd(['ps'], { status: async () => daemonStatus({ apps }) })).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: 'no app runs: boutique is stopped, hello is stopped\n',
    });
  });

  it('status shows the daemon with its problems, and every app', async () => {
    const { stdout } = await weaverd(['status'], {
      status: async () => daemonStatus({ problems: ['disk is full'] }),
    });
    expect(stdout).to.contain('weaverd 0.1.0 on one');
    expect(stdout).to.contain('problem: disk is full');
    expect(stdout).to.contain('shop      http://127.0.0.1:8080  open');
  });

  it('status of an app tells by its exit code whether it serves', async () => {
    const states = ['serving', 'completed', 'degraded', 'failed', 'stopped'] as const;
    const codes: number[] = [];
    for (const state of states)
      codes.push((await weaverd(['status', 'boutique'], { app: async () => appStatus({ state }) })).code);
    expect(codes).to.deep.equal([0, 0, 5, 5, 5]);
  });

  it('status of an unknown app names the nearest, or where to look', async () => {
    expect(await weaverd(['status', 'botique'], {})).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: 'error: there is no app botique\n mend: did you mean `boutique`?\n',
    });
    expect((await weaverd(['status', 'none'], {})).stderr).to.contain('mend: `weaverd ps` lists what runs');
    expect(
      (await weaverd(['status', 'none'], { status: async () => daemonStatus({ apps: [] }) })).stderr,
    ).to.contain('mend: nothing is deployed');
  });

  describe('logs', () => {
    const lines = [
      logLine({ sequence: 1, message: 'old', time: NOW - 700_000 }),
      logLine({ sequence: 2, message: 'recent', time: NOW - 60_000 }),
      logLine({ sequence: 3, message: 'newest' }),
    ];
    const messages = (stdout: string) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ').at(-1));

    /** As the daemon does, as far as the specs ask for it. */
    const answer =
      (from: readonly LogLine[]) =>
      async (query: LogQuery): Promise<readonly LogItem[]> => [
        ...from
          .filter(({ time, level }) => time >= (query.from ?? 0) && level >= (query.level ?? 0))
          .slice(-(query.limit ?? 1000)),
        { cursor: { from: NOW, after: { h1: 3 } } },
      ];
    const logs = answer(lines);
    const none = answer([]);

    it('shows the newest so many, not older than asked', async () => {
      expect(messages((await weaverd(['logs'], { logs })).stdout)).to.deep.equal(['old', 'recent', 'newest']);
      expect(messages((await weaverd(['logs', '-n', '1'], { logs })).stdout)).to.deep.equal(['newest']);
      expect(messages((await weaverd(['logs', '--since', '10m'], { logs })).stdout)).to.deep.equal([
        'recent',
        'newest',
      ]);
    });

    it('says that there are none, and that there is no such app', async () => {
      expect((await weaverd(['logs', 'boutique'], { logs: none })).stderr).to.equal('no log lines to show\n');
      const unknown = await weaverd(['logs', 'butik'], { logs: none });
      expect(unknown).to.include({ code: 1, stdout: '' });
      expect(unknown.stderr).to.contain('there is no app butik').and.to.contain('weaverd status');
    });

    it('says that there is no such component, and which may be meant', async () => {
      const ask = (...args: string[]) => weaverd(['logs', ...args], { logs: none });
      const unknown = await ask('boutique', '--component', 'Nope');
      expect(unknown).to.include({ code: 1, stdout: '' });
      expect(unknown.stderr)
        .to.contain('there is no component Nope in boutique')
        .and.to.contain('there are Cart, main');
      expect((await ask('--component', 'Carts')).stderr)
        .to.contain('there is no component Carts\n')
        .and.to.contain('did you mean `Cart`?');
      for (const name of ['Cart', 'main', 'weaverd'])
        expect((await ask('boutique', '--component', name)).stderr).to.equal('no log lines to show\n');
    });

    it('asks the daemon for what was asked for', async () => {
      const asked: LogQuery[] = [];
      const spied = (query: LogQuery) => {
        asked.push(query);
        return answer([logLine({ level: 40, sequence: 7 })])(query);
      };
      const narrow = ['--component', 'Cart', '--replica', 'Cart-1', '--level', 'warn'];
      const { stdout } = await weaverd(['logs', 'boutique', ...narrow, '--json'], { logs: spied });
      expect(asked[0]).to.include({ app: 'boutique', component: 'Cart', replica: 'Cart-1', level: 40 });
      expect(JSON.parse(stdout)).to.have.property('sequence', 7);
    });

    it('names the host of each line where there are several, and those that do not answer', async () => {
      const spread = async (): Promise<readonly LogItem[]> => [
        { missing: 'h3', reason: 'no answer within 2000 ms' },
        logLine({ host: 'h2' }),
        { cursor: { from: NOW, after: { h1: 0, h2: 1 } } },
      ];
      const { code, stdout, stderr } = await weaverd(['logs'], { logs: spread });
      expect(code).to.equal(0);
      expect(stdout).to.contain(' INFO  h2 Cart-0 added\n');
      expect(stderr).to.equal('h3 does not answer; its lines are missing (no answer within 2000 ms)\n');
    });

    it('follows from where it was, until Ctrl-C, and says who comes and goes, once', async () => {
      const cli = fakeEnvironment();
      const followed: LogQuery[] = [];
      const backend: Partial<ApiBackend> = {
        logs: async (query) => [{ missing: 'h3', reason: 'why' }, ...(await logs(query))],
        followLogs: (query, listener) => {
          followed.push(query);
          listener({ missing: 'h3', reason: 'why' });
          listener({ found: 'h3' });
          listener(logLine({ sequence: 4, message: 'new' }));
          const watch = setInterval(() => {
            if (!cli.stdout.text().includes('new\n')) return;
            clearInterval(watch);
            cli.interrupt();
          }, 5);
          return () => clearInterval(watch);
        },
      };
      const { code, stdout, stderr } = await weaverd(['logs', '-f'], backend, cli);
      expect(code).to.equal(0);
      expect(messages(stdout)).to.deep.equal(['old', 'recent', 'newest', 'new']);
      expect(followed[0]?.since).to.deep.equal({ from: NOW, after: { h1: 3 } });
      expect(stderr).to.equal(
        'h3 does not answer; its lines are missing (why)\nh3 answers again; its lines are here\n',
      );
    });
  });

  describe('stop', () => {
    it('waits until nothing runs', async () => {
      const asked: string[] = [];
      const states: AppStatus[] = [
        appStatus({
          state: 'stopping',
          groups: [groupStatus({ replicas: [replicaStatus({ state: 'draining' })] })],
        }),
        appStatus({ state: 'stopped', groups: [] }),
      ];
      const outcome = await weaverd(['stop', 'boutique'], {
        stop: async (app, { remove }) => void asked.push(`${app} ${remove}`),
        app: async () => states.shift(),
      });
      expect(asked).to.deep.equal(['boutique false']);
      expect(outcome).to.deep.equal({
        code: 0,
        stdout: 'stopped boutique\n',
        stderr: 'stopping boutique: 1 replica left\n',
      });
    });

    it('takes an app that is removed and unknown for stopped', async () => {
      const backend = { stop: async () => {}, app: async () => undefined };
      expect((await weaverd(['stop', 'boutique', '--remove'], backend)).stdout).to.equal(
        'removed boutique\n',
      );
    });

    it('gives up after its time', async () => {
      const outcome = await weaverd(['stop', 'boutique', '--timeout', '2s'], { stop: async () => {} });
      expect(outcome.code).to.equal(1);
      expect(outcome.stderr).to.contain('error: boutique still has 1 running replica');
    });

    it('shows what the daemon answers', async () => {
      const stop = () =>
        Promise.reject(new ApiError(404, 'NO_SUCH_APP', 'no app helo', 'see `weaverd status`'));
      expect(await weaverd(['stop', 'helo'], { stop })).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: 'error: no app helo\n mend: see `weaverd status`\n',
      });
    });
  });

  it('history lists the deployments of all apps, newest first', async () => {
    const history = async (app: string) => [
      { app, version: 'v2', at: NOW - 1000, action: 'deployed', user: 'ann' } as const,
      { app, version: 'v1', at: NOW - 90_000, action: 'stopped', user: 'bob' } as const,
    ];
    const { stdout } = await weaverd(['history'], { history });
    expect(stdout.split('\n').slice(1, 3)).to.deep.equal([
      '2023-11-14T22:13:19.000Z     1s  boutique  deployed  v2       ann',
      '2023-11-14T22:11:50.000Z  1m30s  boutique  stopped   v1       bob',
    ]);
  });

  it('events lists what the daemon did', async () => {
    const events = () => [
      { at: NOW, app: undefined, kind: 'ingress-started', message: 'pid 7' },
      { at: NOW, app: 'boutique', kind: 'deployed', message: 'v1\u001b[2J' },
    ];
    expect((await weaverd(['events'], { events })).stdout).to.equal(
      '2023-11-14T22:13:20.000Z - ingress-started pid 7\n2023-11-14T22:13:20.000Z boutique deployed v1\n',
    );
  });

  it('trace lists traces, shows one as a tree, and says that there is none', async () => {
    const traces = async (query: { readonly trace?: string }) => ({
      spans: query.trace === 'nope' ? [] : [span()],
      missing: [],
    });
    expect((await weaverd(['trace'], { traces })).stdout).to.contain('t1     Cart.items');
    expect((await weaverd(['trace', 't1'], { traces })).stdout).to.contain(
      'trace t1  2.00ms, 1 span, 0 errors',
    );
    const missing = await weaverd(['trace', 'nope'], { traces });
    expect(missing.code).to.equal(1);
    expect(missing.stderr).to.contain('error: no trace nope');
  });

  it('trace shows the hosts of a trace that crossed them, and names those that do not answer', async () => {
    const spans = [
      span({ host: 'h1' }),
      span({ spanId: 's2', parentSpanId: 's1', host: 'h2', replica: 'Ads-0', component: 'Ads' }),
    ];
    const traces = async () => ({ spans, missing: [{ host: 'h3', reason: 'why' }] });
    const { stdout, stderr } = await weaverd(['trace', 't1'], { traces });
    expect(stdout)
      .to.match(/REPLICA +HOST +ERROR\n/)
      .and.to.match(/└─ Ads\.items .* Ads-0 +h2\n/);
    expect(stderr).to.equal('h3 does not answer; its spans are missing (why)\n');
  });

  it('shutdown asks for what was asked for, and waits until the daemon has gone', async () => {
    const asked: boolean[] = [];
    let looks = 0;
    const backend: Partial<ApiBackend> = {
      shutdown: async ({ stopProclets }) => void asked.push(stopProclets),
      // Another process answers in its place.
      status: async () => daemonStatus({ pid: ++looks < 3 ? 99 : 1000 }),
    };
    const { code, stdout } = await weaverd(['shutdown', '--keep-proclets'], backend);
    expect({ code, asked }).to.deep.equal({ code: 0, asked: [false] });
    expect(stdout).to.match(/^the daemon on .* has stopped\n$/);
  });

  it('status shows why a listener is not open', async () => {
    const failed = appStatus({
      state: 'degraded',
      listeners: [listenerStatus({ state: 'failed', reason: 'taken' })],
    });
    const { code, stdout } = await weaverd(['status', 'boutique'], { app: async () => failed });
    expect(code).to.equal(5);
    expect(stdout).to.contain('failed    3.0  main       taken');
  });
});
