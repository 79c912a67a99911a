import type { FileHandle } from 'node:fs/promises';
import { StateError } from '../state-error.js';

/** What the log does with its open file. */
export type LogHandle = Pick<FileHandle, 'write' | 'truncate' | 'datasync' | 'close' | 'read'>;

/** Appends to an open file such that a write that failed leaves nothing behind. */
export class LogFile {
  readonly path: string;
  readonly #handle: LogHandle;
  #size: number;
  #broken: unknown;

  constructor(path: string, handle: LogHandle, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Rejects with WRITE_FAILED: nothing of it is in the file. With WRITE_UNKNOWN some may be, and no further write is taken. */
  async append(bytes: Buffer): Promise<void> {
    this.#refuseBroken();
    let written = 0;
    try {
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          written,
          bytes.length - written,
          this.#size + written,
        );
        written += bytesWritten;
      }
    } catch (reason) {
      await this.#takeBack(reason);
      throw new StateError('WRITE_FAILED', `${this.path} cannot be written: ${messageOf(reason)}`, {
        cause: reason,
      });
    }
    this.#size += bytes.length;
  }

  /**
   * Rejects with WRITE_UNKNOWN, and so does every write from then on: the kernel drops what it failed to write, and a second
   * fsync that succeeds would prove nothing. A new process reads what is really there.
   */
  async sync(): Promise<void> {
    this.#refuseBroken();
    try {
      await this.#handle.datasync();
    } catch (reason) {
      throw this.#break(reason);
    }
  }

  /** Rejects when the file has failed: what it would give may not be what is on the disk. */
  async read(start: number, length: number): Promise<Buffer> {
    this.#refuseBroken();
    return readFully(this.#handle, start, length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #takeBack(failure: unknown): Promise<void> {
    try {
      await this.#handle.truncate(this.#size);
      await this.#handle.datasync();
    } catch {
      // The failure that led here says more than that its remains cannot be removed.
      throw this.#break(failure);
    }
  }

  #refuseBroken(): void {
    if (this.#broken !== undefined) throw this.#break(this.#broken, 'no');
  }

  #break(reason: unknown, executed: 'no' | 'unknown' = 'unknown'): StateError {
    this.#broken ??= reason;
    return new StateError(
      executed === 'no' ? 'WRITE_FAILED' : 'WRITE_UNKNOWN',
      `${this.path} failed to reach its disk (${messageOf(reason)}); look after the disk, then restart the component`,
      { executed, cause: reason },
    );
  }
}

/** As many bytes as there are from `start`, `length` at most. */
export async function readFully(
  handle: Pick<FileHandle, 'read'>,
  start: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
