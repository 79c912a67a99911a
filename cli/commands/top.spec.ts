import { expect } from 'chai';
import { fakeEnvironment } from '../spec-support/fake-environment.js';
import { runAgainst } from '../spec-support/run-against.js';
import {
  appStatus,
  clusterStatus,
  daemonStatus,
  groupStatus,
  NOW,
  replicaStatus,
} from '../spec-support/sample-status.js';

const MIB = 1024 * 1024;
const replicas = [
  replicaStatus({ replica: 'Cart-0', cpuPercent: 1, rssBytes: 90 * MIB, callsPerSecond: 5 }),
  replicaStatus({ replica: 'Cart-1', cpuPercent: 9, rssBytes: 50 * MIB, callsPerSecond: 1, host: 'h2' }),
];
const status = async () =>
  daemonStatus({ apps: [appStatus({ groups: [groupStatus({ replicas })] })], cluster: clusterStatus() });

describe('top, doctor and events over a cluster', () => {
  it('top shows the sums, the hosts and the replicas, what takes most first', async () => {
    const { code, stdout } = await runAgainst(['top'], { status });
    expect(code).to.equal(0);
    expect(stdout).to.contain('2 replicas, 10.0% CPU, 140.0MiB, 6.0 calls/s, 0 errors/s; by cpu\n');
    expect(stdout).to.match(/^h2 +alive +2 +12\.5% +128\.0MiB$/m);
    expect(stdout).to.match(/boutique {2}Cart-1 {3}h2 .*\nboutique {2}Cart-0 {3}h1 /);
    for (const order of ['mem', 'calls'])
      expect((await runAgainst(['top', '--once', '--sort', order], { status })).stdout).to.match(
        /Cart-0 .*\nboutique {2}Cart-1 /,
      );
  });

  it('top prints one snapshot as JSON, and refuses other orders', async () => {
    const { stdout } = await runAgainst(['top', '--json'], { status });
    const snapshot = JSON.parse(stdout);
    expect(snapshot.replicas.map(({ replica }: { replica: string }) => replica)).to.deep.equal([
      'Cart-1',
      'Cart-0',
    ]);
    expect(snapshot.hosts).to.have.length(2);
    expect((await runAgainst(['top', '--sort', 'cpus'], { status })).code).to.equal(2);
  });

  it('top draws again and again on a terminal, within it, until Ctrl-C', async () => {
    const cli = fakeEnvironment({ isTTY: true, rows: 12, columns: 60 });
    let looks = 0;
    const outcome = await runAgainst(
      ['top'],
      {
        status: () => {
          if (++looks === 3) cli.interrupt();
          return status();
        },
      },
      cli,
    );
    expect(outcome.code).to.equal(0);
    expect(looks).to.equal(3);
    expect(outcome.stdout.endsWith('\u001b[?25h')).to.equal(true);
  });

  it('doctor shows what is wrong with its mend, and tells by its exit code', async () => {
    const well = { check: 'disk', level: 'ok', message: 'room' } as const;
    const note = { check: 'nats sync', level: 'note', message: 'unseen', mend: 'set it' } as const;
    const wrong = {
      check: 'clocks',
      level: 'problem',
      host: 'h2',
      message: 'is behind',
      mend: 'run chrony',
    } as const;
    const sound = await runAgainst(['doctor'], {
      doctor: async () => ({ ok: true, findings: [note, well] }),
    });
    expect(sound).to.deep.equal({
      code: 0,
      stdout: 'note    nats sync: unseen\n        mend: set it\nok      disk: room\n\nnothing is wrong\n',
      stderr: '',
    });
    const report = { ok: false, findings: [wrong, well] };
    const sick = await runAgainst(['doctor'], { doctor: async () => report });
    expect(sick.code).to.equal(1);
    expect(sick.stdout).to.contain('problem clocks: h2 is behind\n        mend: run chrony\n');
    expect(sick.stdout).to.contain('\n1 problem\n');
    const json = await runAgainst(['doctor', '--json'], { doctor: async () => report });
    expect(json.code).to.equal(1);
    expect(JSON.parse(json.stdout)).to.deep.equal(report);
  });

  it('events names the host that it is about, or whose daemon tells it', async () => {
    const events = () => [
      { at: NOW, app: undefined, host: 'h3', origin: 'h1', kind: 'host-died', message: 'h3 is dead' },
      { at: NOW, app: 'boutique', origin: 'h2', kind: 'replica-serving', message: 'Cart-0' },
      { at: NOW, app: undefined, kind: 'leading', message: 'this daemon leads' },
    ];
    const { stdout } = await runAgainst(['events'], { events, status });
    expect(stdout.split('\n').map((line) => line.split(' ').slice(1).join(' '))).to.deep.equal([
      'h3 - host-died h3 is dead',
      'h2 boutique replica-serving Cart-0',
      'one - leading this daemon leads',
      '',
    ]);
  });
});
