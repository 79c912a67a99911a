import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const ENTRY = join(REPOSITORY, 'test/fixtures/slow-server/main.ts');

describe('draining', function () {
  this.timeout(120_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;
  let manifest: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wr-'));
    daemon = await TestDaemon.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    manifest = join(folder, 'weaver.toml');
    await writeFile(
      manifest,
      `name = "slow"\nentry = ${JSON.stringify(ENTRY)}\n[listeners.slow]\nport = ${port}\n`,
    );
    await daemon.must('deploy', manifest);
  });

  after(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('answers the requests in flight before an app stops, though the app does nothing for it', async () => {
    const get = async (ms: number) => {
      const response = await fetch(`${url}/?ms=${ms}`, {
        method: 'POST',
        signal: AbortSignal.timeout(30_000),
      });
      return { status: response.status, body: await response.text() };
    };
    expect((await get(0)).status).to.equal(200);
    const inFlight = get(3000);
    await get(100);
    await daemon.must('stop', 'slow');
    expect(await inFlight).to.have.property('status', 200);
  });
});
