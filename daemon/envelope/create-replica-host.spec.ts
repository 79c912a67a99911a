import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import { systemClock } from '../processes/clock.js';
import { watchForEnd } from '../processes/process-watch.js';
import { fakeReplica, HostHarness, startHostProcess } from './spec-support/host-harness.js';

describe('createReplicaHost', () => {
  let harness: HostHarness;
  beforeEach(async () => {
    harness = await HostHarness.create();
  });
  afterEach(() => harness.dispose());

  it('starts what is desired, hands on what it says, and stops what is no longer desired', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    const replica = await harness.untilState('Cart-0', 'serving');
    await harness.untilState('Cart-1', 'serving');
    const { listeners } = await harness.until(() => {
      const seen = harness.replica('Cart-0');
      return seen?.listeners.length === 1 && seen;
    });
    expect([replica.generation, replica.restarts, replica.lastFailure]).to.deep.equal([1, 0, undefined]);
    expect(listeners[0]?.name).to.equal('shop');
    expect((await harness.untilLog(/^generation 1 in/)).source).to.equal('stdout');
    expect((await harness.untilLog(/^hosts Cart$/)).source).to.equal('log');
    await harness.until(() => harness.replica('Cart-0')?.load?.rssBytes === 1000);

    host.setDesired([fakeReplica('Cart-1')]);
    await harness.until(() => harness.replica('Cart-0') === undefined);
    expect(harness.replica('Cart-1')?.state).to.equal('serving');
    expect(harness.events.map((event) => event.kind)).to.not.include('replica-killed');
    await host.close({ stopProclets: true });
    expect(host.observed()).to.deep.equal([]);
    expect(readdirSync(join(harness.folder, 'p')), 'folders of ended generations').to.deep.equal([]);
  });

  it('keeps secrets from others: its files, its socket, and its own environment', async () => {
    const host = await harness.open({
      environment: { PATH: process.env.PATH, AWS_SECRET: 'mine', LANG: 'C.UTF-8' },
    });
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    expect(environment).to.include('LANG=C.UTF-8').and.to.include('FAKE=serve');
    expect(environment.join()).to.not.include('AWS_SECRET');
    const mode = (...path: string[]) => statSync(join(harness.folder, ...path)).mode & 0o777;
    const [generation] = readdirSync(join(harness.folder, 'p'));
    const [token] = readdirSync(join(harness.folder, 'records', 'tokens'));
    expect(mode('control.sock')).to.equal(0o600);
    expect(mode('p')).to.equal(0o700);
    expect(mode('p', String(generation), 'spec.json')).to.equal(0o600);
    expect(mode('records', 'tokens', String(token))).to.equal(0o600);
    expect(mode('records')).to.equal(0o700);
  });

  it('has proclets serve on loopback TCP when told to', async () => {
    const host = await harness.open({ transport: 'tcp' });
    host.setDesired([fakeReplica('Cart-0')]);
    const { address } = await harness.untilState('Cart-0', 'serving');
    expect(address).to.deep.equal({ kind: 'tcp', host: '127.0.0.1', port: 4711 });
  });

  it('tells proclets whether to compress: where it pays, unless told otherwise', async () => {
    for (const [options, expected] of [
      [{}, 'auto'],
      [{ compression: 'off' }, 'off'],
    ] as const) {
      const host = await harness.open(options);
      host.setDesired([fakeReplica('Cart-0')]);
      await harness.untilState('Cart-0', 'serving');
      const [generation] = readdirSync(join(harness.folder, 'p'));
      const spec = readFileSync(join(harness.folder, 'p', String(generation), 'spec.json'), 'utf8');
      expect(JSON.parse(spec)).to.have.property('compression', expected);
      await host.close({ stopProclets: true });
    }
  });

  it('restarts a killed process with the next generation, and says how it ended', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    process.kill(Number(pid), 'SIGKILL');
    const again = await harness.untilState('Cart-0', 'serving', 2);
    expect(again.restarts).to.equal(1);
    expect(again.lastFailure).to.equal('killed by SIGKILL (out of memory?)');
    expect(again.pid).to.not.equal(pid);
  });

  it('shows a crash loop with the error of the process, and goes on trying', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0', 'crash')]);
    const looping = await harness.untilState('Cart-0', 'crash-loop');
    expect(looping.lastFailure).to.equal('exited with code 1: TypeError: the cart is broken');
    expect(looping.nextStartAt).to.be.a('number');
    await harness.until(() => (harness.replica('Cart-0')?.restarts ?? 0) >= 5);
    expect(harness.logs.filter((line) => line.source === 'stderr').length).to.be.greaterThan(5);
    host.setDesired([fakeReplica('Cart-0', 'serve')]);
    const mended = await harness.untilState('Cart-0', 'serving');
    expect(mended.generation).to.be.greaterThan(5);
  });

  it('gives the reason that the proclet told before it exited', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0', 'fail')]);
    await harness.untilEvent('replica-exited');
    expect(harness.replica('Cart-0')).to.include({
      lastFailure: 'exited with code 1: Cart: no stock',
      lastFailedComponent: 'Cart',
    });
  });

  it('kills and restarts a process that hangs', async () => {
    const host = await harness.open({ policy: { signOfLifeMs: 1500 } });
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    process.kill(Number(pid), 'SIGSTOP');
    const again = await harness.untilState('Cart-0', 'serving', 2);
    expect(again.lastFailure).to.equal('no sign of life for 1.5 s; does its code block the event loop?');
  });

  it('kills and restarts a process that never registers', async () => {
    const host = await harness.open({ policy: { startTimeoutMs: 300 } });
    host.setDesired([fakeReplica('Cart-0', 'silent')]);
    await harness.untilEvent('replica-killed');
    const again = await harness.until(() => {
      const replica = harness.replica('Cart-0');
      return replica?.generation === 2 && replica;
    });
    expect(again.lastFailure).to.equal(
      'it did not begin to serve within 0.3 s of its start; does a start() never resolve?',
    );
  });

  it('ends a process that heeds neither Shutdown nor SIGTERM', async () => {
    const host = await harness.open({ policy: { terminateMs: 50 } });
    host.setDesired([{ ...fakeReplica('Cart-0', 'deaf'), graceMs: 50 }]);
    await harness.untilState('Cart-0', 'serving');
    host.setDesired([]);
    await harness.until(() => host.observed().length === 0);
    expect(harness.events.map((event) => event.kind)).to.include('replica-terminated');
  });

  it('does not start again what completed, not even under the next daemon', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('main-0', 'complete')]);
    await harness.until(() => {
      const replica = harness.replica('main-0');
      return replica?.state === 'completed' && replica.pid === undefined;
    });
    await harness.drop();
    const next = await harness.open();
    next.setDesired([fakeReplica('main-0', 'complete')]);
    expect(harness.replica('main-0')?.state).to.equal('completed');
    expect(harness.replica('main-0')?.generation).to.equal(1);
  });

  it('restarts a replica whose spec has changed', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    host.setDesired([fakeReplica('Cart-0')]);
    expect(harness.replica('Cart-0')?.state, 'the same spec').to.equal('serving');
    host.setDesired([{ ...fakeReplica('Cart-0'), memoryMiB: 64 }]);
    const changed = await harness.untilState('Cart-0', 'serving', 2);
    expect([changed.restarts, changed.lastFailure]).to.deep.equal([0, undefined]);
    expect(changed.pid).to.not.equal(pid);
    expect(readFileSync(`/proc/${changed.pid}/cmdline`, 'latin1')).to.include('--max-old-space-size=64');
  });

  it('pushes routing to those who asked for it, the newest only', async () => {
    const host = await harness.open();
    const routing = (epoch: number) => [{ component: 'Cart', epoch, replicas: [], assignment: undefined }];
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilLog(/^routing Cart 0$/);
    host.setRouting('shop', 'v1', routing(5));
    await harness.untilLog(/^routing Cart 5$/);
    host.setRouting('shop', 'v1', routing(4));
    host.setRouting('shop', 'v2', routing(6));
    host.setRouting('shop', 'v1', routing(7));
    await harness.untilLog(/^routing Cart 7$/);
    const told = harness.logs
      .filter((line) => line.message.startsWith('routing'))
      .map((line) => line.message);
    expect(told).to.deep.equal(['routing Cart 0', 'routing Cart 5', 'routing Cart 7']);
  });

  it('never uses a generation again, even for a replica that was gone', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilState('Cart-0', 'serving', 1);
    host.setDesired([]);
    await harness.until(() => host.observed().length === 0);
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilState('Cart-0', 'serving', 2);
  });

  it('lets a stopped process be wanted again', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilState('Cart-0', 'serving', 1);
    host.setDesired([]);
    host.setDesired([fakeReplica('Cart-0')]);
    await harness.untilState('Cart-0', 'serving', 2);
  });

  it('names the mend when the folders are too long for sockets', async () => {
    const long = join(harness.folder, 'x'.repeat(120));
    const message = (reason: Error) => reason.message;
    expect(await harness.open({ procletFolder: long }).catch(message)).to.match(
      /choose a shorter runtime folder/,
    );
    expect(await harness.open({ controlSocket: long }).catch(message)).to.match(
      /choose a shorter runtime folder/,
    );
    expect(existsSync(long)).to.equal(false);
  });

  it('ADOPT: the next daemon finds the same processes, and restarts none', async () => {
    const specs = ['Cart-0', 'Cart-1', 'Cart-2'].map((name) => fakeReplica(name));
    const host = await harness.open();
    host.setDesired(specs);
    for (const { replica } of specs) await harness.untilState(replica, 'serving');
    const before = host.observed();
    await harness.drop();

    const next = await harness.open();
    expect(next.observed().map(({ state }) => state)).to.deep.equal(['adopting', 'adopting', 'adopting']);
    next.setDesired(specs);
    for (const { replica } of specs) await harness.untilState(replica, 'serving');
    const identity = ({
      replica,
      pid,
      generation,
      startedAt,
      restarts,
      address,
    }: (typeof before)[number]) => ({
      ...{ replica, pid, generation, startedAt, restarts, address },
    });
    const byName = (a: { replica: string }, b: { replica: string }) => (a.replica < b.replica ? -1 : 1);
    expect([...next.observed()].sort(byName).map(identity)).to.deep.equal(
      [...before].sort(byName).map(identity),
    );

    // What it adopted, it keeps as well as what it started.
    const [killed] = next.observed();
    process.kill(Number(killed?.pid), 'SIGKILL');
    const again = await harness.untilState(String(killed?.replica), 'serving', 2);
    expect(again.lastFailure).to.match(/^ended \(exit code unknown/);
    await next.close({ stopProclets: true });
    expect(next.observed()).to.deep.equal([]);
  });

  it('ADOPT: restarts what died while no daemon was there, with the next generation', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    const victim = harness.identity(await harness.untilState('Cart-0', 'serving'));
    const other = await harness.untilState('Cart-1', 'serving');
    await harness.drop();
    process.kill(victim.pid, 'SIGKILL');
    await ended(victim);

    const next = await harness.open();
    next.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    const again = await harness.untilState('Cart-0', 'serving', 2);
    expect([again.restarts, again.lastFailure]).to.deep.equal([1, 'ended while the daemon was away']);
    expect((await harness.untilState('Cart-1', 'serving')).pid).to.equal(other.pid);
  });

  it('ADOPT: stops what is no longer desired under the next daemon', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const process = harness.identity(await harness.untilState('Cart-0', 'serving'));
    await harness.drop();
    expect(isRunning(process)).to.equal(true);
    const next = await harness.open();
    next.setDesired([]);
    await harness.until(() => next.observed().length === 0);
    expect(isRunning(process)).to.equal(false);
  });

  it('ADOPT: outlives a daemon that was killed, and is found by the next', async () => {
    const daemon = await startHostProcess(harness.folder);
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const adopted = await harness.untilState('Cart-0', 'serving');
    expect([adopted.generation, adopted.restarts]).to.deep.equal([1, 0]);
  });

  it('ADOPT: finds a process whose pid the killed daemon could not record any more', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const { pid } = await harness.untilState('Cart-0', 'serving');
    await harness.drop();
    harness.editRecord(({ process: _, ...record }) => record);
    const next = await harness.open();
    next.setDesired([fakeReplica('Cart-0')]);
    const adopted = await harness.untilState('Cart-0', 'serving');
    expect([adopted.generation, adopted.pid]).to.deep.equal([1, pid]);
  });

  it('ADOPT: takes no other process for its own because it has the pid', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0')]);
    const victim = harness.identity(await harness.untilState('Cart-0', 'serving'));
    await harness.drop();
    process.kill(victim.pid, 'SIGKILL');
    await ended(victim);
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    try {
      harness.editRecord((record) => ({ ...record, process: { ...victim, pid: stranger.pid } }));
      const next = await harness.open();
      next.setDesired([fakeReplica('Cart-0')]);
      await harness.untilState('Cart-0', 'serving', 2);
      await next.close({ stopProclets: true });
      expect([stranger.exitCode, stranger.signalCode]).to.deep.equal([null, null]);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('ignores a record that is none, by name, and goes on', async () => {
    const host = await harness.open();
    host.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    await harness.untilState('Cart-0', 'serving');
    await harness.untilState('Cart-1', 'serving');
    await host.close({ stopProclets: true });
    const [file] = readdirSync(join(harness.folder, 'records', 'replicas'));
    writeFileSync(join(harness.folder, 'records', 'replicas', String(file)), '{"format":1,');
    const next = await harness.open();
    next.setDesired([fakeReplica('Cart-0'), fakeReplica('Cart-1')]);
    await harness.untilState('Cart-0', 'serving');
    await harness.untilState('Cart-1', 'serving');
    expect((await harness.untilEvent('record-unreadable')).message).to.include(String(file));
  });
});

function ended(process: ProcessIdentity): Promise<void> {
  return new Promise((resolve) => {
    watchForEnd(process, systemClock, resolve);
  });
}
