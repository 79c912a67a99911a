import { randomBytes } from 'node:crypto';
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

export type Target = string | Pick<TcpNetConnectOpts, 'host' | 'port'>;

/** What no peer of ours sends. */
export const GARBAGE: readonly Buffer[] = [
  randomBytes(64 * 1024),
  Buffer.from('\xff\xff\xff\xff\x01', 'latin1'), // a frame of 4 GiB
  Buffer.from('\x00\x00\x10\x00\x01{"prot', 'latin1'), // a frame that ends in the middle
  Buffer.from('GET / HTTP/1.1\r\n'),
  Buffer.alloc(0),
];

/** Sends the bytes and hangs up. Resolves when the connection is gone. */
export async function sendAndHangUp(target: Target, bytes: Buffer): Promise<void> {
  const socket = await connected(target);
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), 2000); // a peer may wait for the rest of what was cut
  await gone;
  clearTimeout(timer);
}

/** A peer that goes on with the head of one request, a byte at a time. */
export interface SlowLoris {
  /** What it was told until it was hung up on. */
  readonly answer: Promise<string>;
  stop(): void;
}

export async function slowLoris(target: Target): Promise<SlowLoris> {
  const socket = await connected(target);
  socket.write('GET / HTTP/1.1\r\nhost: loris\r\nx: ');
  const drip = setInterval(() => socket.write('a'), 500);
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  const answer = new Promise<string>((resolve) =>
    socket.once('close', () => {
      clearInterval(drip);
      resolve(received);
    }),
  );
  return { answer, stop: () => socket.destroy() };
}

export function connected(target: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = typeof target === 'string' ? connect(target) : connect({ ...target });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined); // to be hung up on is what is expected
      resolve(socket);
    });
  });
}
