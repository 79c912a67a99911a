import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RoutingView } from '../daemon/api/api-types.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const ENTRY = join(REPOSITORY, 'test/fixtures/hot-key/main.ts');

describe('a hot key', function () {
  this.timeout(120_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wh-'));
    daemon = await TestDaemon.start();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const manifest = join(folder, 'weaver.toml');
    await writeFile(
      manifest,
      `name = "hot"\nentry = ${JSON.stringify(ENTRY)}\n[listeners.pages]\nport = ${port}\n` +
        '[components.Pages]\nreplicas = 3\n[components.Pages.balancing]\ninterval = "1s"\n',
    );
    await daemon.must('deploy', manifest);
  });

  after(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  const answering = async (key: string): Promise<readonly string[]> => {
    const response = await fetch(`${url}/${key}`, { signal: AbortSignal.timeout(30_000) });
    return (await response.json()) as readonly string[];
  };

  it('is served by several replicas while it is more than one should have; other keys stay with one', async () => {
    expect(await answering('cold')).to.have.length(1);
    const replicas = await eventually(
      'several replicas answer for the hot key',
      async () => {
        const found = await answering('hot');
        return found.length > 1 ? found : undefined;
      },
      60_000,
    );
    const view = JSON.parse(
      await daemon.must('routing', 'Pages', '--key', '/hot', '--json'),
    ) as RoutingView & {
      readonly key: { readonly replica: string; readonly others: readonly string[] };
    };
    expect([view.key.replica, ...view.key.others]).to.include.members([...replicas]);
    expect(await answering('cold')).to.have.length(1);
  });
});
