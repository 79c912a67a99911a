import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildEcho, type DeployedEcho, deployEcho, type EchoOptions } from './deployed-echo.js';
import { buildKv, type DeployedKv, deployKv, type KvOptions } from './deployed-kv.js';
import { type Link, startLink } from './link/start-link.js';
import type { LoadTarget } from './load.js';
import type { Operation } from './operation.js';
import type { PeerName } from './peers/peer-names.js';
import { startPeer } from './peers/start-peer.js';

/** Compiled code before the first figure: all targets run at once for so long. */
const HEATING_MS = 4000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const INTERRUPTED = 130;

/** The processes of one bench. All end with `close`, and when the bench is interrupted. */
export class TestBed {
  readonly #folder: string;
  readonly #stops: (() => Promise<void>)[] = [];
  #built: string | undefined;
  #builtKv: string | undefined;
  #deployments = 0;
  #closing = false;

  private constructor(folder: string) {
    this.#folder = folder;
    for (const signal of SIGNALS) process.once(signal, this.#onSignal);
  }

  static async open(): Promise<TestBed> {
    return new TestBed(await mkdtemp(join(tmpdir(), 'wb-')));
  }

  /** The product. */
  async echo(options: EchoOptions): Promise<DeployedEcho> {
    this.#built ??= await buildEcho(join(this.#folder, 'built'));
    this.#throwIfClosing();
    return this.#keep(deployEcho(this.#built, join(this.#folder, `s${this.#deployments++}`), options));
  }

  /** The example's store, and what calls it. */
  async kv(options: KvOptions): Promise<DeployedKv> {
    this.#builtKv ??= await buildKv(join(this.#folder, 'built-kv'));
    this.#throwIfClosing();
    return this.#keep(deployKv(this.#builtKv, join(this.#folder, `s${this.#deployments++}`), options));
  }

  async peer(name: PeerName): Promise<LoadTarget> {
    this.#throwIfClosing();
    return this.#keep(startPeer(name, this.#folder));
  }

  async link(megabitsPerSecond: number): Promise<Link> {
    this.#throwIfClosing();
    return this.#keep(startLink(megabitsPerSecond));
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    const results = await Promise.allSettled(this.#stops.splice(0).map((stop) => stop()));
    await rm(this.#folder, { recursive: true, force: true });
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** What is still starting when the bed closes is stopped as soon as it has. */
  #keep<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    this.#stops.push(async () => {
      const [started] = await Promise.allSettled([starting]);
      if (started.status === 'fulfilled') await started.value.stop();
    });
    return starting;
  }

  #throwIfClosing(): void {
    if (this.#closing) throw new Error('the bench was interrupted');
  }

  readonly #onSignal = () => {
    this.close().then(
      () => process.exit(INTERRUPTED),
      (reason: unknown) => {
        process.stderr.write(`${reason}\n`);
        process.exit(INTERRUPTED);
      },
    );
  };
}

export async function heat(targets: readonly LoadTarget[], operation: Operation = 'echo-30'): Promise<void> {
  const load = {
    kind: 'closed',
    operation,
    inFlight: 64,
    warmUpMs: 0,
    measuredMs: HEATING_MS,
  } as const;
  await Promise.all(targets.map((target) => target.run(load)));
}
