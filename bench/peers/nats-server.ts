import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { freePort } from './loopback.js';

const PLACES = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'];
const MEND = 'sudo apt-get install -y --no-install-recommends nats-server';
const STARTING_MS = 10_000;
const INSTALLING_MS = 180_000;

/** Starts one on a free port of loopback, which ends with this process. Installs it when it is missing and this user may. */
export async function natsServer(folder: string): Promise<{ readonly port: number; readonly pid: number }> {
  const port = await freePort();
  const child = spawn(program(), ['--addr', '127.0.0.1', '--port', String(port)], {
    cwd: folder,
    stdio: 'ignore',
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const deadline = performance.now() + STARTING_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`nats-server does not answer on port ${port}`);
    await setTimeout(20);
  }
  return { port, pid: child.pid ?? 0 };
}

/** Its path, after installing it when it has to be. Throws with the command to run by hand. */
function program(): string {
  const found = () => PLACES.find((place) => existsSync(place));
  const installed = found();
  if (installed !== undefined) return installed;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    for (const args of [
      ['-q', 'update'],
      ['-q', 'install', '-y', '--no-install-recommends', 'nats-server'],
    ]) {
      execFileSync('apt-get', args, {
        stdio: 'ignore',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        timeout: INSTALLING_MS,
      });
    }
  }
  const now = found();
  if (now === undefined) throw new Error(`the bench needs nats-server. Install it: ${MEND}`);
  return now;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1000 });
    const tell = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', tell(true)).once('error', tell(false)).once('timeout', tell(false));
  });
}
