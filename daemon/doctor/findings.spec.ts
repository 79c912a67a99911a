import { expect } from 'chai';
import type { HostStatus } from '../api/api-types.js';
import type { ClusterView } from '../manager/cluster-view.js';
import type { BusExamination, HostExamination } from './examination.js';
import { type Examined, findings } from './findings.js';

const MIB = 1024 ** 2;

function bus(given: Partial<BusExamination> = {}): BusExamination {
  const server = { server: 'nats://n1:4222', name: 'n1', version: '2.10.27', jetStream: true };
  return {
    replicas: 1,
    servers: [{ ...server, maxPayload: 8_388_608 }],
    streams: [],
    problem: undefined,
    ...given,
  };
}

function examination(given: Partial<HostExamination> = {}): HostExamination {
  return {
    ...{ host: 'h1', weaverd: '0.1.0', node: 'v20', maxOpenFiles: 65_536, exposed: [], reached: [] },
    disk: { folder: '/s', freeBytes: 10_000 * MIB, totalBytes: 20_000 * MIB },
    bus: bus(),
    ...given,
  };
}

function host(given: Partial<HostStatus> = {}): HostStatus {
  return {
    ...{ host: 'h1', generation: 1, state: 'alive', draining: false, address: '10.0.0.1', labels: {} },
    ...{ capacity: { cpus: 1, memoryBytes: 1, maxReplicas: 1 }, weaverd: '0.1.0', replicas: 0 },
    ...{ silentMs: 0, problems: [] },
    ...given,
  };
}

const view = (given: Partial<ClusterView> = {}): ClusterView => ({
  leader: { host: 'h1', generation: 1, incarnation: 1 },
  apps: [],
  hosts: [host()],
  problems: [],
  ...given,
});

function look(given: Partial<Examined> = {}) {
  const examined = { view: view(), examinations: [examination()], missing: [], clocks: [], isAlone: false };
  return findings({ ...examined, ...given });
}

function problems(given: Partial<Examined>): readonly string[] {
  return look(given)
    .filter(({ level }) => level === 'problem')
    .map(({ check, host: where, message, mend }) => {
      expect(mend, message).to.be.a('string').and.not.equal('');
      return `${check}: ${where === undefined ? '' : `${where} `}${message}`;
    });
}

describe('findings of the doctor on Redis', () => {
  const fit = {
    server: '10.0.0.9:6379',
    version: '7.0.15',
    role: 'master',
    usedBytes: MIB,
    maxBytes: 0,
    connectedReplicas: 0,
    isLogFailing: false,
    settings: {
      appendonly: 'yes',
      appendfsync: 'always',
      'no-appendfsync-on-rewrite': 'no',
      'maxmemory-policy': 'noeviction',
      'min-replicas-to-write': '0',
    },
  };
  const of = (given: Partial<typeof fit> = {}) => ({
    examinations: [examination({ redis: { servers: [{ ...fit, ...given }], problem: undefined } })],
    isAlone: true,
  });
  const setting = (given: object) => of({ settings: { ...fit.settings, ...given } });

  it('says that all is well, and nothing where there is none', () => {
    expect(look(of()).filter(({ check }) => check === 'redis')).to.deep.equal([
      { check: 'redis', level: 'ok', message: 'it answers, and keeps what it acknowledges' },
    ]);
    expect(look({ isAlone: true }).map(({ check }) => check)).not.to.include('redis');
  });

  it('names what loses state', () => {
    const [first = ''] = problems(of({ version: '6.2.1' }));
    expect(first).to.equal('redis: Redis at 10.0.0.9:6379 has version 6.2.1, which is too old for state');
    expect(problems(of({ role: 'slave' }))).to.have.length(1);
    expect(problems(of({ isLogFailing: true }))).to.have.length(1);
    expect(problems(of({ usedBytes: 95 * MIB, maxBytes: 100 * MIB })).join()).to.contain('95 MiB of 100 MiB');
    expect(problems(setting({ appendonly: 'no' })).join()).to.contain('keeps nothing on its disk');
    expect(problems(setting({ 'maxmemory-policy': 'allkeys-lru' })).join()).to.contain('allkeys-lru');
    const unreachable = { redis: { servers: [], problem: 'connect ECONNREFUSED' } };
    expect(problems({ examinations: [examination(unreachable)], isAlone: true }).join()).to.contain(
      'ECONNREFUSED',
    );
    const silent = { redis: { servers: [{ server: 'a:1', reason: 'no answer' }], problem: undefined } };
    expect(problems({ examinations: [examination(silent)], isAlone: true }).join()).to.contain(
      'a:1: no answer',
    );
  });

  it('notes what only some apps mind', () => {
    const notes = (given: Partial<Examined>) => look(given).filter(({ level }) => level === 'note');
    expect(notes(setting({ appendfsync: 'everysec' }))).to.have.length(1);
    expect(notes(of({ connectedReplicas: 1 }))).to.have.length(1);
  });
});

describe('findings of the doctor', () => {
  it('says of what is well that it was looked at, and what cannot be seen', () => {
    const found = look();
    expect(found.map(({ level, check }) => `${level} ${check}`)).to.deep.equal([
      'note nats sync',
      ...['hosts', 'versions', 'nats', 'jetstream', 'clocks', 'ports', 'open files', 'disk', 'secrets'].map(
        (check) => `ok ${check}`,
      ),
    ]);
    const alone = look({ isAlone: true, examinations: [examination({ bus: undefined })] });
    expect(alone.map(({ check }) => check)).to.deep.equal(['open files', 'disk', 'secrets']);
  });

  it('finds hosts that do not answer, are dead, or are suspected, and that nobody leads', () => {
    expect(
      problems({
        view: view({
          leader: undefined,
          hosts: [host({ host: 'h2', state: 'dead' }), host({ host: 'h3', state: 'suspect' })],
        }),
        missing: [{ host: 'h3', reason: 'silence' }],
      }),
    ).to.deep.equal(['hosts: h3 does not answer: silence', 'hosts: no leader answers', 'hosts: h2 is dead']);
  });

  it('judges each NATS server once: its version, its compare-and-set over replicas, JetStream', () => {
    const old = {
      ...{ server: 'nats://n1:4222', name: 'n1', version: '2.9.10', jetStream: false, maxPayload: 8_388_608 },
    };
    const servers = [old, { server: 'nats://n2:4222', reason: 'refused' }];
    const both = ['h1', 'h2'].map((name) => examination({ host: name, bus: bus({ replicas: 3, servers }) }));
    const found = problems({ examinations: both });
    expect(found.filter((each) => each.includes('n1'))).to.have.length(3);
    expect(found.join('\n'))
      .to.contain('several writers win the same compare-and-set')
      .and.to.contain('may lose what it acknowledged')
      .and.to.contain('JetStream is off');
    expect(found.filter((each) => each.includes('refused'))).to.have.length(2);
  });

  it('notes a small max_payload without calling it wrong', () => {
    const small = {
      ...{ server: 'nats://n1:4222', name: 'n1', version: '2.10.27', jetStream: true, maxPayload: 1_048_576 },
    };
    const found = look({ examinations: [examination({ bus: bus({ servers: [small] }) })] });
    expect(found.find(({ check }) => check === 'nats payload')).to.have.property('level', 'note');
  });

  it('finds streams that are kept too seldom, have no leader, or a copy that is offline or behind', () => {
    const copies = [
      { server: 'n2', isCurrent: true, isOffline: false },
      { server: 'n3', isCurrent: false, isOffline: true },
      { server: 'n4', isCurrent: false, isOffline: false },
    ];
    const streams = [
      { stream: 'KV_a', replicas: 1, leader: 'n1', copies: [] },
      { stream: 'KV_b', replicas: 3, leader: undefined, copies },
    ];
    expect(problems({ examinations: [examination({ bus: bus({ replicas: 3, streams }) })] })).to.deep.equal([
      'jetstream: KV_a is kept 1 times, and should be 3 times',
      'jetstream: KV_b has no leader',
      'jetstream: the copy of KV_b on n3 is offline',
      'jetstream: the copy of KV_b on n4 is behind',
    ]);
    expect(problems({ examinations: [examination({ bus: bus({ problem: 'gone' }) })] })).to.deep.equal([
      'jetstream: the streams cannot be seen: gone',
    ]);
  });

  it('holds clocks against the leader’s, and believes no more than the round trip allows', () => {
    const clocks = [
      { host: 'h2', aheadMs: 0, boundMs: 0 },
      { host: 'h1', aheadMs: 5000, boundMs: 2 },
      { host: 'h3', aheadMs: 6500, boundMs: 600 },
    ];
    expect(problems({ clocks })).to.deep.equal([
      'clocks: h2 its clock is 5000 ms (± 2 ms) behind that of h1',
    ]);
  });

  it('finds replicas out of reach, few open files, full disks and open secrets', () => {
    const target = { replica: 'Cart-0', host: 'h2', address: '10.0.0.2', port: 4000 };
    const sick = examination({
      maxOpenFiles: 1024,
      disk: { folder: '/s', freeBytes: 100 * MIB, totalBytes: 1000 * MIB },
      exposed: [{ path: '/s/key', mode: 0o644 }],
      reached: [
        { ...target, reason: undefined },
        { ...target, reason: 'refused' },
      ],
    });
    expect(problems({ examinations: [sick] })).to.deep.equal([
      'ports: h1 cannot reach Cart-0 on h2 at 10.0.0.2:4000: refused',
      'open files: h1 weaverd may open 1024 files and connections',
      'disk: h1 /s has 100 MiB left of 1000 MiB',
      'secrets: h1 /s/key may be read by others (mode 0644)',
    ]);
  });

  it('notes hosts that drain, and several versions of weaverd', () => {
    const found = look({
      view: view({ hosts: [host({ draining: true })] }),
      examinations: [examination(), examination({ host: 'h2', weaverd: '0.2.0' })],
    });
    expect(found.filter(({ level }) => level === 'note').map(({ message }) => message)).to.include.members([
      'is draining',
      '0.1.0 on h1; 0.2.0 on h2',
    ]);
  });
});
