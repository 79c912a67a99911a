import { connect, createServer, type Socket } from 'node:net';
import type { Address } from '../../protocol/address.js';
import { bind } from '../bind.js';
import type { Rig } from '../spec-support.js';

const PIECE_BYTES = 16 * 1024;

/** A link that passes so many bytes a second in each direction, and counts them. */
export class SlowLink {
  /** From the callee to the caller. */
  downBytes = 0;
  upBytes = 0;

  private constructor(
    readonly bytesPerSecond: number,
    readonly address: Address,
  ) {}

  static async to(rig: Rig, target: Address, bytesPerSecond: number): Promise<SlowLink> {
    if (target.kind !== 'tcp') throw new Error('only TCP goes over a link');
    const server = createServer((near) => {
      const far = connect({ host: target.host, port: target.port });
      for (const socket of [near, far]) {
        socket.setNoDelay(true);
        rig.atEnd(() => socket.destroy());
        // Its other half ends with it; the test sees what that does.
        socket.on('error', () => {});
      }
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      void link.#pass(near, far, (bytes) => {
        link.upBytes += bytes;
      });
      void link.#pass(far, near, (bytes) => {
        link.downBytes += bytes;
      });
    });
    const address = await bind(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    rig.atEnd(() => server.close());
    const link: SlowLink = new SlowLink(bytesPerSecond, address);
    return link;
  }

  async #pass(from: Socket, to: Socket, count: (bytes: number) => void): Promise<void> {
    let freeAt = performance.now();
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
          const piece = chunk.subarray(at, at + PIECE_BYTES);
          freeAt = Math.max(freeAt, performance.now()) + (1000 * piece.length) / this.bytesPerSecond;
          const ms = freeAt - performance.now();
          if (ms >= 1) await new Promise((resolve) => setTimeout(resolve, ms));
          to.write(piece);
          count(piece.length);
        }
      }
    } catch {
      // Destroyed at the end of the test, or by its other half.
    }
  }
}
