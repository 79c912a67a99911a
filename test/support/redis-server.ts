import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

export function redisServerBinary(): string {
  return process.env.REDIS_SERVER ?? 'redis-server';
}

export interface RedisServerOptions {
  /** Lines of its configuration besides the usual, which is AOF with `everysec`. */
  readonly config?: readonly string[];
  readonly port?: number;
  /** Of the default user. */
  readonly password?: string;
  /** Runs as a Sentinel. */
  readonly isSentinel?: boolean;
}

/** A real redis-server on loopback, with a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #isSentinel: boolean;
  readonly #password: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, { isSentinel, password }: RedisServerOptions) {
    this.folder = folder;
    this.port = port;
    this.#isSentinel = isSentinel ?? false;
    this.#password = password;
  }

  /** Once more on another port when somebody else took it meanwhile. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    try {
      return await RedisServer.#startOnce(options);
    } catch {
      return RedisServer.#startOnce(options);
    }
  }

  static async #startOnce(options: RedisServerOptions): Promise<RedisServer> {
    const { config = [], port, isSentinel, password } = options;
    const folder = await mkdtemp(join(tmpdir(), 'weaverd-redis-'));
    const server = new RedisServer(folder, port ?? (await freePort()), options);
    const lines = [
      `port ${server.port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      ...(isSentinel ? [] : ['save ""', 'appendonly yes', 'appendfsync everysec']),
      ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
      ...config,
    ];
    await writeFile(join(folder, 'redis.conf'), `${lines.join('\n')}\n`);
    try {
      await server.start();
      return server;
    } catch (reason) {
      const log = await server.log();
      await server.dispose();
      throw new Error(`redis-server did not start:\n${log.slice(-2000)}`, { cause: reason });
    }
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** With the data it left. */
  async start(): Promise<void> {
    const log = openSync(join(this.folder, 'redis.log'), 'a');
    const args = [join(this.folder, 'redis.conf'), ...(this.#isSentinel ? ['--sentinel'] : [])];
    const child = spawn(redisServerBinary(), args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`redis-server ended; see ${this.folder}/redis.log`));
      });
    });
    process.once('exit', this.#killNow);
    await Promise.race([
      failed,
      eventually('redis-server answers', () => this.do((redis) => redis.ping()), 10_000),
    ]);
    failed.catch(() => undefined); // from here on it may end
  }

  /** On a connection of its own. Rejects when the server is not there, or is loading. */
  async do<T>(act: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.port, '127.0.0.1', {
      lazyConnect: true,
      retryStrategy: () => null,
      commandTimeout: 5000,
      enableReadyCheck: false,
      ...(this.#password === undefined ? {} : { password: this.#password }),
    });
    redis.on('error', () => undefined); // the command fails
    try {
      await redis.connect();
      return await act(redis);
    } finally {
      redis.disconnect();
    }
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

  log(): Promise<string> {
    return readFile(join(this.folder, 'redis.log'), 'utf8');
  }

  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  readonly #killNow = () => void this.#child?.kill('SIGKILL');
}
