import { createHash } from 'node:crypto';
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type BlobStore, BusError, MAX_BLOB_BYTES } from './bus.js';
import type { StoreFiles } from './file-system.js';
import { storageError } from './keyed-log.js';

/** A file per blob, named by its digest. */
export class LocalBlobs implements BlobStore {
  readonly #files: StoreFiles;
  readonly #folder: string;

  constructor(files: StoreFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  async put(bytes: Uint8Array): Promise<string> {
    if (bytes.length > MAX_BLOB_BYTES)
      throw new BusError('TOO_LARGE', `a blob of ${bytes.length} bytes, more than ${MAX_BLOB_BYTES}`);
    const digest = digestOf(bytes);
    const path = this.#path(digest);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#files.replace(path, bytes);
    } catch (reason) {
      throw storageError(path, reason);
    }
    return digest;
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#files.read(this.#path(digest));
    if (bytes !== undefined && digestOf(bytes) !== digest)
      throw new BusError('CORRUPT', `blob ${digest} does not match its digest; upload it again`);
    return bytes;
  }

  async delete(digest: string): Promise<void> {
    try {
      await unlink(this.#path(digest));
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code !== 'ENOENT') throw reason;
    }
  }

  #path(digest: string): string {
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new BusError('INVALID', `"${digest}" is no SHA-256 in hex`);
    return join(this.#folder, digest);
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
