import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder whose disk can be full. */
export interface SmallDisk {
  readonly folder: string;
  /** Nothing can be written in `folder` from now on. */
  fill(): void;
  free(): void;
  dispose(): void;
}

/** A tmpfs of 64 KiB where one may be mounted; else the folder itself is taken away while the disk is "full". */
export function createSmallDisk(): SmallDisk {
  const root = mkdtempSync(join(tmpdir(), 'wd-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'tmpfs', root], { stdio: 'ignore' });
  } catch {
    return withoutMount(root); // not root, or in a container that may not mount
  }
  const ballast = join(root, 'ballast');
  return {
    folder: root,
    fill() {
      const file = openSync(ballast, 'w');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch (reason) {
        if ((reason as NodeJS.ErrnoException).code !== 'ENOSPC') throw reason;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast),
    dispose() {
      execFileSync('umount', ['-l', root]);
      rmSync(root, { recursive: true });
    },
  };
}

function withoutMount(root: string): SmallDisk {
  const aside = `${root}-aside`;
  return {
    folder: root,
    fill() {
      renameSync(root, aside);
      writeFileSync(root, '');
    },
    free() {
      rmSync(root);
      renameSync(aside, root);
    },
    dispose() {
      rmSync(root, { recursive: true, force: true });
      rmSync(aside, { recursive: true, force: true });
    },
  };
}
