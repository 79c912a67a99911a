import { chmodSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { type Address, formatAddress } from '../protocol/address.js';

/** The system's own bound on the path of a Unix socket, bytes. */
const MAX_SOCKET_PATH_BYTES = 107;
/** For finding out whether somebody listens on a socket that is there already. */
const PROBE_TIMEOUT_MS = 1_000;

/** Listens, and returns the address that it got. Rejects with an error that names the address and the mend. */
export async function bind(server: Server, address: Address): Promise<Address> {
  if (address.kind === 'unix') await clearSocketPath(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new Error(`cannot listen on ${formatAddress(address)}: ${error.message}`, { cause: error }));
    });
    server.once('listening', resolve);
    if (address.kind === 'tcp') {
      server.listen({ host: address.host, port: address.port });
      return;
    }
    server.listen({ path: address.path });
    // Bound in this very turn: nobody is accepted before the permissions are right.
    if (server.listening) chmodSync(address.path, 0o600);
  });
  server.removeAllListeners('error');
  const bound = server.address();
  if (address.kind === 'unix' || bound === null || typeof bound === 'string') return address;
  return { ...address, port: bound.port };
}

/** Removes a socket that nobody listens on any more, and nothing else. */
async function clearSocketPath(path: string): Promise<void> {
  const length = Buffer.byteLength(path, 'utf8');
  if (length > MAX_SOCKET_PATH_BYTES) {
    throw new Error(
      `cannot listen on ${path}: its ${length} bytes exceed the system's ${MAX_SOCKET_PATH_BYTES}; use a shorter folder`,
    );
  }
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error(`cannot listen on ${path}: a file that is no socket is there; move it`);
  if (await isAnswered(path)) {
    throw new Error(`cannot listen on ${path}: another process listens there; stop it or use another path`);
  }
  await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const finish = (answered: boolean): void => {
      probe.destroy();
      resolve(answered);
    };
    // Somebody who does not even accept in time is there all the same.
    probe.setTimeout(PROBE_TIMEOUT_MS, () => finish(true));
    probe.once('connect', () => finish(true));
    probe.once('error', (error: NodeJS.ErrnoException) => finish(error.code !== 'ECONNREFUSED'));
  });
}
