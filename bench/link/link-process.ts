import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { TARGET_BYTES } from './connect-through-link.js';

/** Small enough that what is sent is spread evenly. */
const PIECE_BYTES = 16 * 1024;
/** No timer waits for less. */
const LEAST_WAIT_MS = 1;

/** Passes bytes on at so many bits a second, each direction of each connection for itself. Ends with its parent. */
const bytesPerMs = Number(process.argv[2]) / 8 / 1000;

const server = createServer((near) => {
  near.once('readable', () => {
    const target = near.read(TARGET_BYTES) as Buffer | null;
    if (target === null) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: target.readUInt16BE() });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      pass(from, to).catch(() => to.destroy()); // either end was lost: so is the other
    }
  });
});

async function pass(from: Socket, to: Socket): Promise<void> {
  let freeAt = performance.now();
  for await (const chunk of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      freeAt = Math.max(freeAt, performance.now()) + piece.length / bytesPerMs;
      const wait = freeAt - performance.now();
      if (wait >= LEAST_WAIT_MS) await setTimeout(wait);
      to.write(piece);
    }
  }
  to.end();
}

server.listen({ host: '127.0.0.1', port: 0 }, () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
