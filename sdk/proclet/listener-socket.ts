import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const PROBE_MS = 20;

/** Path of the Unix socket for a listener of one generation of a replica; short, since socket paths may be only 107 bytes long. */
export function listenerSocketPath(
  folder: string,
  replica: string,
  generation: number,
  listener: string,
): string {
  const digest = createHash('sha256')
    .update(`${replica}\0${generation}\0${listener}`)
    .digest('hex')
    .slice(0, 12);
  const path = join(folder, `l-${digest}.sock`);
  rmSync(path, { force: true });
  return path;
}

/** Calls `ready` once a server accepts on the path; looks until the signal aborts. */
export function whenListening(path: string, signal: AbortSignal, ready: () => void): void {
  if (signal.aborted) return;
  const socket = connect(path);
  socket.once('connect', () => {
    socket.destroy();
    ready();
  });
  socket.once('error', () => {
    // Not listening yet: the app was given the address a moment ago.
    setTimeout(() => whenListening(path, signal, ready), PROBE_MS).unref();
  });
}
