import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { textOf } from '../operation.js';
import { boundTo } from './loopback.js';
import type { Peer } from './peer.js';

// The limit: frames of [u32 length][u32 call][payload] echoed as they are, written together once per turn of the event loop and
// earlier when many gather, read into one static buffer. No deadlines, no flow control, no promises.

const HEADER_BYTES = 8;
const READ_BYTES = 256 * 1024;
const WRITE_BYTES = 128 * 1024;
const FIRST_EARLY_FLUSH_BYTES = 16 * 1024;

export const rawTcp: Peer = raw(() => ({ host: '127.0.0.1', port: 0 }));
export const rawUnix: Peer = raw((folder) => ({ path: join(folder, 'raw.sock') }));

type Listen = { readonly path: string } | { readonly host: string; readonly port: number };
type Accepted = Socket & { readonly _handle: object };

function raw(listen: (folder: string) => Listen): Peer {
  return {
    async serve(folder) {
      const server = createServer({ pauseOnConnect: true }, (socket) => serve(socket as Accepted));
      return { endpoint: JSON.stringify(await boundTo(server, listen(folder))) };
    },
    async connect(endpoint) {
      const pending: ((failure: unknown, answer: unknown) => void)[] = [];
      const free: number[] = [];
      const at = JSON.parse(endpoint) as Listen;
      const reader = new FrameReader((bytes, start, end) => {
        const slot = bytes.readUInt32LE(start);
        const done = pending[slot];
        free.push(slot);
        done?.(undefined, checked ? undefined : bytes.toString('latin1', start + 4, end));
        checked = true;
      });
      let checked = false;
      const socket = createConnection({ ...(at as { path: string }), onread: reader.onread });
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      socket.setNoDelay(true);
      const writer = new FrameWriter(socket);
      return {
        call(operation) {
          if (operation !== 'echo-30' && operation !== 'echo-1000') return undefined;
          const payload = Buffer.from(textOf(operation), 'latin1');
          checked = false;
          return {
            kind: 'callback',
            call(done) {
              const slot = free.pop() ?? pending.length;
              pending[slot] = done;
              writer.request(slot, payload);
            },
          };
        },
      };
    },
  };
}

function serve(accepted: Accepted): void {
  // `onread` of an accepted socket is only to be had through a new Socket over its handle.
  let writer: FrameWriter | undefined;
  const reader = new FrameReader((bytes, start, end) => writer?.echo(bytes, start - 4, end));
  const options = { handle: accepted._handle, onread: reader.onread, readable: true, writable: true };
  const socket = new (accepted.constructor as new (options: object) => Socket)(options);
  socket.on('error', () => socket.destroy()); // the client has gone: nobody is left to tell
  socket.setNoDelay(true);
  writer = new FrameWriter(socket);
  socket.resume();
}

/** Cuts the stream into frames in place; copies only the one that straddles two reads. */
class FrameReader {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly onread = { buffer: this.#buffer, callback: (length: number) => this.#read(length) };
  readonly #onFrame: (bytes: Buffer, start: number, end: number) => void;
  #rest: Buffer | undefined;

  constructor(onFrame: (bytes: Buffer, start: number, end: number) => void) {
    this.#onFrame = onFrame;
  }

  #read(length: number): boolean {
    const bytes =
      this.#rest === undefined ? this.#buffer : Buffer.concat([this.#rest, this.#buffer.subarray(0, length)]);
    const end = this.#rest === undefined ? length : bytes.length;
    let at = 0;
    while (end - at >= 4) {
      const next = at + 4 + bytes.readUInt32LE(at);
      if (next > end) break;
      this.#onFrame(bytes, at + 4, next);
      at = next;
    }
    this.#rest = at === end ? undefined : Buffer.from(bytes.subarray(at, end));
    return true;
  }
}

class FrameWriter {
  readonly #socket: Socket;
  #bytes = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #end = 0;
  #scheduled = false;
  #early = FIRST_EARLY_FLUSH_BYTES;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  request(slot: number, payload: Buffer): void {
    const start = this.#room(HEADER_BYTES + payload.length);
    this.#bytes.writeUInt32LE(4 + payload.length, start);
    this.#bytes.writeUInt32LE(slot, start + 4);
    payload.copy(this.#bytes, start + HEADER_BYTES);
    this.#written();
  }

  echo(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#bytes, this.#room(end - start), start, end);
    this.#written();
  }

  #room(bytes: number): number {
    if (this.#end + bytes > this.#bytes.length) this.#flush();
    const start = this.#end;
    this.#end += bytes;
    return start;
  }

  #written(): void {
    if (this.#end >= this.#early) {
      this.#early = Math.min(2 * this.#early, WRITE_BYTES);
      this.#flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(() => {
        this.#scheduled = false;
        this.#early = FIRST_EARLY_FLUSH_BYTES;
        this.#flush();
      });
    }
  }

  #flush(): void {
    if (this.#end === 0) return;
    this.#socket.write(this.#bytes.subarray(0, this.#end));
    // What the system did not take at once still needs its bytes.
    if (this.#socket.writableLength !== 0) this.#bytes = Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#end = 0;
  }
}
