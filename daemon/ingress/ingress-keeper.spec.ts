import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import {
  Cleanup,
  FakeClock,
  fetchText,
  route,
  startBackend,
  type TestBackend,
  until,
} from './fixtures/harness.js';
import { createIngress } from './ingress-keeper.js';
import { newRecord, writeRecord } from './ingress-record.js';
import type { Ingress, IngressOptions } from './ingress-routes.js';

describe('the keeper of the ingress process', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let events: string[];
  let options: IngressOptions;
  let backend: TestBackend;

  beforeEach(async () => {
    folder = cleanup.folder();
    events = [];
    options = {
      socketPath: join(folder, 'run', 'ingress.sock'),
      folder: join(folder, 'run'),
      recordFile: join(folder, 'ingress.json'),
      logFolder: join(folder, 'logs'),
      onEvent: ({ kind }) => events.push(kind),
      onLog: () => undefined,
    };
    backend = await startBackend(cleanup, join(folder, 'shop.sock'), (_incoming, response) =>
      response.end('ok'),
    );
  });
  afterEach(() => cleanup.run());

  const create = async (more: Partial<IngressOptions> = {}): Promise<Ingress> => {
    const ingress = await createIngress({ ...options, ...more });
    cleanup.add(() => ingress.close({ stop: true }));
    return ingress;
  };
  const serving = (ingress: Ingress) =>
    until(() => ingress.status().routesApplied && ingress.status().listeners[0]?.state === 'open');
  const urlOf = (ingress: Ingress) => ingress.status().listeners[0]?.url ?? '';
  const recorded = () =>
    (JSON.parse(readFileSync(options.recordFile, 'utf8')) as { process: ProcessIdentity }).process;

  it('starts no process before there is a route', async () => {
    const ingress = await create();
    ingress.setRoutes([]);
    expect(ingress.status()).to.deep.equal({
      pid: undefined,
      rssBytes: 0,
      state: 'stopped',
      routesApplied: true,
      listeners: [],
    });
    await ingress.close({ stop: true });
    expect(events).to.deep.equal([]);
  });

  it('starts a process of its own, shows its status, and stops it', async () => {
    const ingress = await create();
    let changes = 0;
    ingress.onChange(() => changes++);
    ingress.setRoutes([route([backend.identity])]);
    expect(ingress.status().listeners[0]).to.include({ state: 'opening', url: 'http://127.0.0.1:0' });
    await serving(ingress);
    expect((await fetchText(urlOf(ingress))).text).to.equal('ok');
    await until(() => ingress.status().listeners[0]?.answers['2xx'] === 1);
    expect(ingress.status().listeners[0]?.requestsPerSecond).to.be.greaterThan(0);
    expect(ingress.status().listeners[0]?.p99Ms).to.be.greaterThan(0);
    expect(ingress.status().rssBytes).to.be.greaterThan(0);
    expect(ingress.status().state).to.equal('serving');
    expect(changes).to.be.greaterThan(2);
    const identity = recorded();
    expect(identity.pid).to.equal(ingress.status().pid).and.not.to.equal(process.pid);
    for (const file of [options.recordFile, join(options.folder, 'ingress-spec.json'), options.socketPath])
      expect(statSync(file).mode & 0o777, file).to.equal(0o600);
    await ingress.close({ stop: true });
    expect(isRunning(identity)).to.equal(false);
    expect(events).to.deep.equal(['ingress-started', 'ingress-draining', 'ingress-stopped']);
  });

  it('starts it again when it is killed, on the same port', async () => {
    const ingress = await create();
    ingress.setRoutes([route([backend.identity])]);
    await serving(ingress);
    const [url, pid] = [urlOf(ingress), ingress.status().pid ?? 0];
    process.kill(pid, 'SIGKILL');
    await until(() => events.includes('ingress-ended'));
    expect(ingress.status().listeners[0]).to.include({ state: 'opening', url });
    await serving(ingress);
    expect(ingress.status().pid).not.to.equal(pid);
    expect(urlOf(ingress)).to.equal(url);
    expect((await fetchText(url)).text).to.equal('ok');
  });

  it('lets the process serve on without a daemon, and the next daemon adopt it, without a failed request', async () => {
    const first = await create();
    first.setRoutes([route([backend.identity])]);
    await serving(first);
    const [url, pid] = [urlOf(first), first.status().pid];
    const agent = new Agent({ keepAlive: true });
    cleanup.add(() => agent.destroy());
    const statuses: number[] = [];
    let going = true;
    const load = (async () => {
      while (going) statuses.push((await fetchText(url, { agent, method: 'POST' })).status);
    })();
    await first.close({ stop: false });
    const alone = statuses.length;
    await until(() => statuses.length > alone + 20);
    const second = await create();
    expect(second.status()).to.include({ state: 'adopting', pid });
    await until(() => second.status().state === 'serving');
    // Its routes are not touched until this daemon knows better.
    expect(second.status().listeners[0]).to.include({ state: 'open', url });
    second.setRoutes([route([backend.identity])]);
    await serving(second);
    const adopted = statuses.length;
    await until(() => statuses.length > adopted + 20);
    going = false;
    await load;
    expect(second.status().pid).to.equal(pid);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect(events).to.deep.equal(['ingress-started', 'ingress-adopted']);
  });

  it('starts it again when it was killed while no daemon ran', async () => {
    const first = await create();
    first.setRoutes([route([backend.identity])]);
    await serving(first);
    const [url, identity] = [urlOf(first), recorded()];
    await first.close({ stop: false });
    process.kill(identity.pid, 'SIGKILL');
    await until(() => !isRunning(identity));
    const second = await create();
    expect(second.status().state).to.equal('stopped');
    second.setRoutes([route([backend.identity])]);
    await serving(second);
    expect(urlOf(second)).to.equal(url);
  });

  it('replaces a process of which nothing is written down', async () => {
    const first = await create();
    first.setRoutes([route([backend.identity])]);
    await serving(first);
    const [identity, port] = [recorded(), Number(new URL(urlOf(first)).port)];
    await first.close({ stop: false });
    rmSync(options.recordFile);
    const second = await create();
    second.setRoutes([route([backend.identity], { port })]);
    await until(() => !isRunning(identity));
    await serving(second);
    expect((await fetchText(`http://127.0.0.1:${port}`)).text).to.equal('ok');
  });

  it('replaces a process that runs but does not register', async () => {
    const hanging = spawn('sleep', ['600'], { stdio: 'ignore' });
    cleanup.add(() => void hanging.kill('SIGKILL'));
    const exited = once(hanging, 'exit');
    const identity = identifyProcess(hanging.pid ?? 0);
    writeRecord(options.recordFile, { ...newRecord(), process: identity });
    const clock = new FakeClock();
    const ingress = await create({ clock });
    ingress.setRoutes([route([backend.identity])]);
    clock.advance(14_000);
    expect(ingress.status()).to.include({ state: 'adopting', pid: hanging.pid });
    clock.advance(2_000);
    expect((await exited)[1]).to.equal('SIGKILL');
    await until(() => {
      clock.advance(50);
      return ingress.status().routesApplied;
    });
    expect(events).to.deep.equal(['ingress-killed', 'ingress-ended', 'ingress-started']);
  });

  it('stops a process that has had no route for a while, and starts another when there is one', async () => {
    const clock = new FakeClock();
    const ingress = await create({ clock });
    ingress.setRoutes([route([backend.identity])]);
    await serving(ingress);
    ingress.setRoutes([]);
    clock.advance(30_000);
    ingress.setRoutes([route([backend.identity])]);
    expect(ingress.status().state).to.equal('draining');
    await until(() => {
      clock.advance(10);
      return ingress.status().state === 'serving';
    });
    expect(events).to.deep.equal([
      'ingress-started',
      'ingress-draining',
      'ingress-stopped',
      'ingress-started',
    ]);
  });

  it('refuses strangers at its socket', async () => {
    const ingress = await create();
    const stranger = connect({ path: options.socketPath });
    const body = JSON.stringify({
      id: 1,
      method: 'Register',
      body: { protocol: 1, token: 'guess', pid: process.pid, rssBytes: 0, listeners: [] },
    });
    const frame = Buffer.alloc(4 + body.length);
    frame.writeUInt32BE(body.length);
    frame.write(body, 4);
    stranger.write(frame);
    expect(String((await once(stranger, 'data'))[0])).to.include('UNAUTHENTICATED');
    stranger.destroy();
    expect(ingress.status().state).to.equal('stopped');
  });

  it('shows a process that cannot start as a crash loop, and tries on', async () => {
    const logFolder = join(folder, 'in-the-way');
    writeFileSync(logFolder, '');
    const ingress = await create({ logFolder, random: () => 0.999 });
    ingress.setRoutes([route([backend.identity])]);
    await until(() => ingress.status().state === 'crash-loop');
    expect(ingress.status().listeners[0]?.state).to.equal('opening');
    rmSync(logFolder);
    await serving(ingress);
  });

  it('serves although its record cannot be written, and says so', async () => {
    const ingress = await create({ recordFile: join(folder, 'no', 'such', 'folder.json') });
    ingress.setRoutes([route([backend.identity])]);
    await serving(ingress);
    expect(events).to.include('ingress-record');
  });

  it('names a socket path that is too long', async () => {
    const socketPath = join(folder, 'x'.repeat(100), 'ingress.sock');
    const failure = await createIngress({ ...options, socketPath }).catch((reason: Error) => reason.message);
    expect(failure).to.include('has more than 107 bytes; use a shorter runtime folder');
  });
});
