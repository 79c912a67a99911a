import { readFile } from 'node:fs/promises';
import { writeDurably } from '../envelope/durable-file.js';
import { renameOver } from '../state/rename-over.js';

/** What the memory needs of a disk. Each rejects with the system's error. */
export interface DurableFiles {
  /** Undefined when absent. */
  read(path: string): Promise<string | undefined>;
  /** After any crash it has the old or the new content, wholly; once resolved, the new. */
  replace(path: string, content: string): Promise<void>;
  rename(path: string, to: string): Promise<void>;
}

export const diskFiles: DurableFiles = {
  async read(path) {
    try {
      return await readFile(path, 'utf8');
    } catch (reason) {
      if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw reason;
    }
  },
  replace: writeDurably,
  rename: renameOver,
};
