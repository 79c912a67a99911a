import { connect as connectSocket, createServer, type Socket } from 'node:net';
import type { Address } from '../../protocol/address.js';
import { bind } from '../bind.js';
import type { AddressKind, Rig } from '../spec-support.js';

export type Direction = 'to-callee' | 'to-caller';

function dial(address: Address): Socket {
  return address.kind === 'unix'
    ? connectSocket({ path: address.path })
    : connectSocket({ host: address.host, port: address.port });
}

/** Cuts both ends after so many bytes one way, counted from when it was armed. */
export class CuttingProxy {
  /** Bytes that went each way, in all. */
  readonly passed: Record<Direction, number> = { 'to-callee': 0, 'to-caller': 0 };
  #left = Number.POSITIVE_INFINITY;
  #direction: Direction = 'to-callee';

  async listen(rig: Rig, kind: AddressKind, target: Address): Promise<Address> {
    const server = createServer((caller) => {
      const callee = dial(target);
      const cut = () => {
        caller.destroy();
        callee.destroy();
      };
      this.#pass(caller, callee, 'to-callee', cut);
      this.#pass(callee, caller, 'to-caller', cut);
      rig.atEnd(cut);
    });
    const address = await bind(server, rig.address(kind));
    rig.atEnd(() => server.close());
    return address;
  }

  arm(direction: Direction, bytes: number): void {
    this.#direction = direction;
    this.#left = bytes;
  }

  #pass(from: Socket, to: Socket, direction: Direction, cut: () => void): void {
    from.on('data', (chunk: Buffer) => {
      this.passed[direction] += chunk.length;
      if (direction !== this.#direction) {
        from.pause();
        to.write(chunk, () => from.resume());
        return;
      }
      const passed = chunk.subarray(0, this.#left);
      this.#left -= passed.length;
      from.pause();
      to.write(passed, () => {
        if (this.#left <= 0) cut();
        else from.resume();
      });
    });
    from.on('close', cut);
    // Cutting is what it is for; `close` follows.
    from.on('error', cut);
  }
}
