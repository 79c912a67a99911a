import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from './loopback.js';

const PLACES = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'];
const STARTING_MS = 10_000;

export interface RedisServer {
  readonly socketPath: string;
  /** Of loopback. */
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts one that appends to a file in a new folder, on a Unix socket there and a port. It ends with this process. */
export async function redisServer(folder: string, appendFsync: 'always' | 'everysec'): Promise<RedisServer> {
  const program = PLACES.find((place) => existsSync(place));
  if (program === undefined)
    throw new Error(
      'the bench needs redis-server. Install it: sudo apt-get install -y --no-install-recommends redis-server',
    );
  const own = await mkdtemp(join(folder, 'r-'));
  const socketPath = join(own, 's');
  const port = await freePort();
  const places = ['--bind', '127.0.0.1', '--port', String(port), '--unixsocket', socketPath, '--dir', own];
  const child = spawn(
    program,
    [...places, '--save', '', '--appendonly', 'yes', '--appendfsync', appendFsync],
    {
      stdio: 'ignore',
    },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = performance.now() + STARTING_MS;
  while (!(await accepts(socketPath))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`redis-server does not answer at ${socketPath}`);
    await setTimeout(20);
  }
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await exited;
  };
  return { socketPath, port, pid: child.pid ?? 0, stop };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const tell = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', tell(true)).once('error', tell(false));
  });
}
