import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The few file operations that the local store rests on, so that tests can make each of them fail. */
export interface StoreFiles {
  /** Undefined when there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Opened for reading and writing at its end; created with mode 0600 when absent. */
  openForAppend(path: string): Promise<AppendFile>;
  /** Written and synced beside it, then renamed over it: the file is wholly the old or wholly the new one. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
}

export interface AppendFile {
  /** Writes all of the bytes at that offset, and returns when they are on disk. */
  writeDurably(bytes: Uint8Array, offset: number): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export const nodeFiles: StoreFiles = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw reason;
    }
  },

  async openForAppend(path) {
    const file = await openReadWrite(path);
    return {
      async writeDurably(bytes, offset) {
        let written = 0;
        while (written < bytes.length) {
          const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
          written += bytesWritten;
        }
        await file.datasync();
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  },

  async replace(path, bytes) {
    const temporary = `${path}.new`;
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (reason) {
      await unlink(temporary).catch(() => undefined); // it may not be there; the first reason is the one to tell
      throw reason;
    }
    await syncFolder(dirname(path));
  },
};

async function openReadWrite(path: string) {
  try {
    return await open(path, 'r+');
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== 'ENOENT') throw reason;
    const file = await open(path, 'wx+', 0o600);
    await syncFolder(dirname(path));
    return file;
  }
}

/** Makes a rename or a creation in the folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
