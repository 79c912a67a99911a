import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { TestDaemon } from '../support/weaverd.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import { type LedgerManifest, ledgersOf, writeManifest } from './ledger-app.js';
import { LedgerLoad } from './ledger-load.js';
import type { World } from './round.js';

/** A daemon of its own, with the ledger deployed. */
export class OneHost implements World {
  #manifest: LedgerManifest;

  private constructor(
    readonly daemon: TestDaemon,
    private readonly folder: string,
    manifest: LedgerManifest,
  ) {
    this.#manifest = manifest;
  }

  /** `config`: its weaverd.toml. */
  static async start(replicas: Pick<LedgerManifest, 'ledgers' | 'gates'>, config = ''): Promise<OneHost> {
    const folder = await mkdtemp(join(tmpdir(), 'wcs-'));
    const configFile = join(folder, 'weaverd.toml');
    await writeFile(configFile, config);
    const manifest = { ...replicas, port: await freePort(), revision: 0 };
    const host = new OneHost(await TestDaemon.start(undefined, configFile), folder, manifest);
    try {
      await host.deploy({});
      return host;
    } catch (reason) {
      await host.dispose();
      throw reason;
    }
  }

  startLoad(options: Pick<ClientLoadOptions, 'clients' | 'seed'>): ClientLoad {
    return new LedgerLoad({ urls: [`http://127.0.0.1:${this.#manifest.port}`], name: 'c', ...options });
  }

  get ledgers(): number {
    return this.#manifest.ledgers;
  }

  get revision(): number {
    return this.#manifest.revision;
  }

  /** With what changes; resolves when it serves. */
  async deploy(change: Partial<LedgerManifest>): Promise<void> {
    this.#manifest = { ...this.#manifest, ...change };
    await this.daemon.must('deploy', await writeManifest(this.folder, this.#manifest));
  }

  /** Pids of the replicas that keep the state and serve; there is one at least. */
  async owners(): Promise<readonly number[]> {
    const serving = ledgersOf(await this.daemon.status()).filter(({ state }) => state === 'serving');
    if (serving.length === 0) throw new Error('no replica of the ledger serves');
    return serving.map(({ pid }) => pid);
  }

  async dispose(): Promise<void> {
    await this.daemon.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }
}
