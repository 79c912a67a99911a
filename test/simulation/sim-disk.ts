import type { DurableFiles } from '../../daemon/memory/durable-files.js';
import type { Random } from './random.js';
import type { SimProcess } from './sim-process.js';

interface Write {
  readonly path: string;
  readonly content: string;
}

/** A machine's disk: what a process has written and was not told to be durable may be there after a crash, or not. */
export class SimDisk {
  readonly #random: Random;
  readonly #files = new Map<string, string>();
  readonly #underWay = new Set<Write>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** As a process sees it. */
  filesFor(process: SimProcess): DurableFiles {
    const later = <T>(run: () => T) =>
      new Promise<T>((resolve) => process.after(this.#random.between(0, 10), () => resolve(run())));
    return {
      read: (path) => later(() => this.#files.get(path)),
      replace: (path, content) => {
        const write = { path, content };
        this.#underWay.add(write);
        return later(() => {
          if (this.#underWay.delete(write)) this.#files.set(path, content);
        });
      },
      rename: (path, to) =>
        later(() => {
          const content = this.#files.get(path);
          this.#files.delete(path);
          if (content !== undefined) this.#files.set(to, content);
        }),
    };
  }

  /** The process that wrote is no more. */
  crash(): void {
    for (const { path, content } of this.#underWay)
      if (this.#random.chance(0.5)) this.#files.set(path, content);
    this.#underWay.clear();
  }
}
