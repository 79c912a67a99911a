import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

/** Where scripts/prepare-test-machine.mjs puts a newer one than the system's. */
const NEWER = '/usr/local/lib/weaverd-tests/nats-server';

export function natsServerBinary(): string {
  return process.env.NATS_SERVER ?? (existsSync(NEWER) ? NEWER : 'nats-server');
}

export interface NatsServerOptions {
  /** Lines of its configuration besides the usual: authorization, tls, cluster. */
  readonly config?: string;
  readonly name?: string;
  readonly port?: number;
  readonly withoutJetStream?: boolean;
  /** Ready when it answers, not when it has a leader; for one of a cluster. */
  readonly isOneOfMany?: boolean;
}

/** A real nats-server with JetStream on loopback, with a folder of its own. */
export class NatsServer {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly #monitorPort: number;
  readonly #isOneOfMany: boolean;
  #child: ChildProcess | undefined;

  private constructor(options: NatsServerOptions, folder: string, port: number, monitorPort: number) {
    this.name = options.name ?? 'alone';
    this.#isOneOfMany = options.isOneOfMany ?? false;
    this.folder = folder;
    this.port = port;
    this.#monitorPort = monitorPort;
  }

  /** Once more on other ports, as far as they are free to choose, when somebody else took one meanwhile. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    try {
      return await NatsServer.#startOnce(options);
    } catch {
      return NatsServer.#startOnce(options);
    }
  }

  static async #startOnce(options: NatsServerOptions): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'weaverd-nats-'));
    const port = options.port ?? (await freePort());
    const server = new NatsServer(options, folder, port, await freePort());
    await writeFile(join(folder, 'nats.conf'), server.#config(options));
    try {
      await server.start();
      return server;
    } catch (reason) {
      const log = await server.log();
      await server.dispose();
      throw new Error(`nats-server did not start:\n${log.slice(-2000)}`, { cause: reason });
    }
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** With the data it left. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'nats.log'), 'a');
    const child = spawn(natsServerBinary(), ['-c', join(this.folder, 'nats.conf')], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`nats-server ended; see ${this.folder}/nats.log`));
      });
    });
    process.once('exit', this.#killNow);
    await Promise.race([failed, this.#isOneOfMany ? this.#answers() : this.healthy()]);
    failed.catch(() => undefined); // from here on it may end
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    process.off('exit', this.#killNow);
  }

  /** SIGSTOP: its connections stay, and nothing moves. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Its streams and its memory of the cluster; only when it does not run. */
  async wipe(): Promise<void> {
    await rm(join(this.folder, 'data'), { recursive: true, force: true });
  }

  async healthy(timeoutMs = 20_000): Promise<void> {
    await eventually(
      `${this.name} is healthy`,
      async () => ((await this.#get('/healthz')).includes('"ok"') ? true : undefined),
      timeoutMs,
    );
  }

  /** The server that leads a stream, as this one knows it. */
  async leaderOf(stream: string): Promise<string | undefined> {
    const found = JSON.parse(await this.#get('/jsz?accounts=true&streams=true')) as JetStreamStatus;
    return found.account_details
      ?.flatMap(({ stream_detail }) => stream_detail ?? [])
      .find(({ name }) => name === stream)?.cluster?.leader;
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'nats.log'), 'utf8');
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  readonly #killNow = () => void this.#child?.kill('SIGKILL');

  async #answers(): Promise<void> {
    await eventually(`${this.name} answers`, () => this.#get('/varz'), 10_000);
  }

  async #get(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#monitorPort}${path}`, {
      signal: AbortSignal.timeout(1000),
    });
    return response.text();
  }

  #config({ config = '', withoutJetStream = false }: NatsServerOptions): string {
    const data = join(this.folder, 'data');
    return [
      `server_name: "${this.name}"`,
      `listen: "127.0.0.1:${this.port}"`,
      `http: "127.0.0.1:${this.#monitorPort}"`,
      'ping_interval: "2s"',
      'ping_max: 2',
      withoutJetStream
        ? ''
        : `jetstream { store_dir: "${data}", max_file_store: 1GB, max_memory_store: 64MB }`,
      config,
      '',
    ].join('\n');
  }
}

interface JetStreamStatus {
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}
