import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AccessEntry, AccessLog } from './access-log.js';
import {
  Cleanup,
  FakeClock,
  fetchText,
  route,
  startBackend,
  startListeners,
  statusOf,
  until,
} from './fixtures/harness.js';

describe('access log', () => {
  const cleanup = new Cleanup();
  let folder: string;

  beforeEach(() => {
    folder = cleanup.folder();
  });
  afterEach(() => cleanup.run());

  const entry = (path: string): AccessEntry => ({
    ...{ app: 'boutique', listener: 'shop', client: '127.0.0.1', protocol: 'http', method: 'GET', path },
    ...{ status: 200, answeredMs: 1, totalMs: 2, bytes: 3, replica: 'Shop-0', version: 'v1' },
  });
  const lines = (file: string) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('says what was asked, who answered and how, where the listener wants that', async () => {
    const backend = await startBackend(cleanup, join(folder, 'shop.sock'), (_incoming, response) =>
      response.end('tea'),
    );
    const { set, accesses } = startListeners(cleanup);
    set.setRoutes([route([backend.identity], { accessLog: true })]);
    await until(() => statusOf(set).state === 'open');
    await fetchText(`${statusOf(set).url}/tea?token=secret`);
    await until(() => accesses.length === 1);
    expect(accesses[0]).to.include({
      client: '127.0.0.1',
      method: 'GET',
      path: '/tea',
      status: 200,
      bytes: 3,
    });
    expect(accesses[0]).to.include({ replica: backend.identity.replica, version: 'v1', protocol: 'http' });
    set.setRoutes([route([backend.identity])]);
    await fetchText(`${statusOf(set).url}/tea`);
    expect(accesses).to.have.lengthOf(1);
  });

  it('writes a JSON object a line, for its owner alone', async () => {
    const file = join(folder, 'logs', 'access.log');
    const log = new AccessLog(file, new FakeClock(), () => undefined);
    log.add(entry('/1'));
    log.add(entry('/2'));
    await log.flush();
    expect(lines(file).map(({ path }) => path)).to.deep.equal(['/1', '/2']);
  });

  it('drops what the disk does not take, says so once, and how many there were when it takes again', async () => {
    const file = join(folder, 'access.log');
    mkdirSync(file);
    const problems: string[] = [];
    const log = new AccessLog(file, new FakeClock(), (message) => problems.push(message));
    for (const path of ['/1', '/2']) {
      log.add(entry(path));
      await log.flush();
    }
    expect(problems).to.have.lengthOf(1);
    expect(problems[0]).to.include(`${file} is not written`);
    rmSync(file, { recursive: true });
    log.add(entry('/3'));
    await log.flush();
    expect(lines(file).map(({ path, dropped }) => path ?? dropped)).to.deep.equal(['/3', 2]);
  });

  it('is bounded while the disk is slow', async () => {
    const file = join(folder, 'access.log');
    const log = new AccessLog(file, new FakeClock(), () => undefined);
    for (let i = 0; i < 30_000; i++) log.add(entry(`/${'x'.repeat(200)}`));
    await log.flush();
    const written = lines(file);
    expect(written.length).to.be.below(30_000);
    expect(written.at(-1)?.dropped).to.equal(30_000 - written.length + 1);
  });
});
