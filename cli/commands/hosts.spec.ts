import { expect } from 'chai';
import { ApiError } from '../../daemon/api/api-error.js';
import type { HostsReply } from '../../daemon/api/api-types.js';
import { runAgainst } from '../spec-support/run-against.js';
import {
  appStatus,
  clusterStatus,
  daemonStatus,
  groupStatus,
  hostStatus,
  replicaStatus,
} from '../spec-support/sample-status.js';

const { name: cluster, leader, hosts } = clusterStatus();
const reply = (given: Partial<HostsReply> = {}): HostsReply => ({ cluster, leader, hosts, ...given });

describe('commands over the hosts of a cluster', () => {
  it('hosts lists them with the leader marked, and what is wrong with them', async () => {
    const all = [
      hostStatus({ problems: ['disk\u001b[2J is full'] }),
      hostStatus({ host: 'h2', state: 'dead', replicas: 0, used: undefined, silentMs: 65_000, labels: {} }),
      hostStatus({ host: 'h3', draining: true }),
    ];
    const { code, stdout } = await runAgainst(['hosts'], { hosts: async () => reply({ hosts: all }) });
    expect(code).to.equal(0);
    expect(stdout).to.match(
      /^h1\* {3}alive {12}10\.0\.0\.1 {2}zone=z1 .*12\.5% of 400%.*128\.0MiB of 8\.0GiB/m,
    );
    expect(stdout).to.match(/^h2 .*dead .* - .* 0\/200 .*1m05s ago$/m);
    expect(stdout).to.match(/^h3 .*alive, draining/m);
    expect(stdout).to.contain('h1: disk is full\n');
  });

  it('hosts prints JSON, and fails while nobody leads', async () => {
    const { stdout } = await runAgainst(['hosts', '--json'], { hosts: async () => reply() });
    expect(JSON.parse(stdout)).to.deep.equal(JSON.parse(JSON.stringify(reply())));
    const none = await runAgainst(['hosts'], { hosts: async () => reply({ leader: undefined, hosts: [] }) });
    expect(none).to.include({ code: 1, stdout: '' });
    expect(none.stderr).to.contain('the leader of the cluster shop does not answer').and.to.contain('mend:');
  });

  it('drain, undrain and remove ask for just that', async () => {
    const asked: string[] = [];
    const changeHost = async (host: string, change: string) => void asked.push(`${change} ${host}`);
    for (const change of ['drain', 'undrain', 'remove'])
      expect((await runAgainst([change, 'h2'], { changeHost })).code).to.equal(0);
    expect(asked).to.deep.equal(['drain h2', 'undrain h2', 'remove h2']);
    const { stdout } = await runAgainst(['undrain', 'h2', '--json'], { changeHost });
    expect(JSON.parse(stdout)).to.deep.equal({ host: 'h2', change: 'undrain' });
  });

  it('drain --wait waits until nothing runs there, over a change of leader', async () => {
    const replies = [
      reply({ hosts: [hostStatus({ host: 'h2', replicas: 2 })] }),
      reply({ leader: undefined, hosts: [] }),
      reply({ hosts: [hostStatus({ host: 'h2', replicas: 0 })] }),
    ];
    const outcome = await runAgainst(['drain', 'h2', '--wait'], {
      changeHost: async () => {},
      hosts: async () => replies.shift() ?? reply(),
    });
    expect(outcome).to.deep.equal({
      code: 0,
      stdout: 'h2 is drained\n',
      stderr: 'draining h2: 2 replicas left\ndraining h2: no leader answers\n',
    });
  });

  it('drain --wait gives up after its time, and says what is held', async () => {
    const outcome = await runAgainst(['drain', 'h2', '--wait', '--timeout', '2s'], {
      changeHost: async () => {},
      hosts: async () => reply({ hosts: [hostStatus({ host: 'h2', replicas: 1 })] }),
      plan: async () => ({
        apps: [
          {
            app: 'shop',
            groups: [
              {
                version: 'v1',
                group: 'Cart',
                explanation: '',
                replicas: [
                  { replica: 'Cart-0', explanation: 'held on h2, which is draining, since no host has room' },
                  { replica: 'Cart-1', explanation: 'stays on h1' },
                ],
              },
            ],
          },
        ],
      }),
    });
    expect(outcome.code).to.equal(1);
    expect(outcome.stderr).to.contain(
      'error: h2 is not drained: 1 replica left; Cart-0 is held on h2, which is draining, since no host has room\n mend:',
    );
  });

  it('shows what the daemon answers of an unknown host', async () => {
    const changeHost = () =>
      Promise.reject(new ApiError(404, 'NO_SUCH_HOST', 'there is no host "h22"', 'did you mean "h2"?'));
    expect(await runAgainst(['drain', 'h22'], { changeHost })).to.deep.equal({
      code: 1,
      stdout: '',
      stderr: 'error: there is no host "h22"\n mend: did you mean "h2"?\n',
    });
  });

  it('plan explains each group and replica, of one app or all', async () => {
    const groups = [
      {
        version: 'v1',
        group: 'Cart',
        explanation: '2 replicas: the least',
        replicas: [
          { replica: 'Cart-0', explanation: 'stays on h1' },
          { replica: 'Cart-1', explanation: 'h2: the only one with room' },
        ],
      },
    ];
    const plan = async () => ({
      apps: [
        { app: 'boutique', groups },
        { app: 'other', groups: [] },
      ],
    });
    expect((await runAgainst(['plan', 'boutique'], { plan })).stdout).to.equal(
      [
        'boutique',
        '  Cart v1  2 replicas: the least',
        '    Cart-0  stays on h1',
        '    Cart-1  h2: the only one with room',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await runAgainst(['plan', '--json'], { plan })).stdout).apps).to.have.length(2);
    const unknown = await runAgainst(['plan', 'botique'], { plan });
    expect(unknown).to.include({ code: 1, stdout: '' });
    expect(unknown.stderr).to.contain('mend: did you mean `boutique`?');
  });

  it('ps and status show the host of each replica, the cluster and its hosts', async () => {
    const groups = [
      groupStatus({ replicas: [replicaStatus(), replicaStatus({ replica: 'Cart-1', host: 'h2' })] }),
    ];
    const status = async () => daemonStatus({ apps: [appStatus({ groups })], cluster: clusterStatus() });
    const ps = await runAgainst(['ps'], { status });
    expect(ps.stdout).to.match(/^boutique {2}Cart {7}Cart-1 {3}h2 {4}serving/m);
    expect(ps.stdout).to.contain('\ncluster shop, led by h1, 2 hosts, NATS connected\n');
    const shown = await runAgainst(['status'], { status });
    expect(shown.stdout).to.contain('  cluster shop, led by h1, 2 hosts, NATS connected\n');
    expect(shown.stdout).to.match(/^h1\* .*\nh2 /m);
    const lost = clusterStatus({
      leader: undefined,
      hosts: [],
      bus: { state: 'connecting', reason: 'refused' },
    });
    expect(
      (await runAgainst(['status'], { status: async () => daemonStatus({ cluster: lost }) })).stdout,
    ).to.contain('  cluster shop, no leader answers, NATS connecting: refused\n');
  });
});
