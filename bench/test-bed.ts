import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEcho, type DeployedEcho, deployEcho, type EchoOptions } from './deployed-echo.js';
import type { LoadTarget } from './load.js';
import type { PeerName } from './peers/peer-names.js';
import { startPeer } from './peers/start-peer.js';

/** Compiled code before the first figure: every target runs for so long. */
const HEATING_MS = 400;

/** The processes of one bench. All end with `close`. */
export class TestBed {
  readonly #folder: string;
  readonly #stops: (() => Promise<void>)[] = [];
  #built: string | undefined;
  #deployments = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<TestBed> {
    return new TestBed(await mkdtemp(join(tmpdir(), 'wb-')));
  }

  /** The product. */
  async echo(options: EchoOptions): Promise<DeployedEcho> {
    this.#built ??= await buildEcho(join(this.#folder, 'built'));
    const deployed = await deployEcho(this.#built, join(this.#folder, `s${this.#deployments++}`), options);
    this.#stops.push(() => deployed.stop());
    await heat(deployed);
    return deployed;
  }

  async peer(name: PeerName): Promise<LoadTarget> {
    const peer = await startPeer(name, this.#folder);
    this.#stops.push(() => peer.stop());
    await heat(peer);
    return peer;
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#stops.map((stop) => stop()));
    await rm(this.#folder, { recursive: true, force: true });
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

async function heat(target: LoadTarget): Promise<void> {
  await target.run({
    kind: 'closed',
    operation: 'echo-30',
    inFlight: 64,
    warmUpMs: 0,
    measuredMs: HEATING_MS,
  });
}
