import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const SCRIPT = new URL('./process-probe.mjs', import.meta.url);
const ANSWER_WITHIN_MS = 10_000;

/** What process-probe.mjs tells of the processes that were started with its environment; their logs are in the folder. */
export class ProcessProbe {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--import ${SCRIPT.href}`, PROBE_FOLDER: this.#folder };
  }

  /** By how much the event loop of the process was late in each second so far, ms. */
  async lateMs(pid: number): Promise<readonly number[]> {
    return (await this.#said(pid)).flatMap(({ late }) => late ?? []);
  }

  /** What the process holds after garbage collection, which this asks for, bytes. */
  async liveBytes(pid: number): Promise<number> {
    const all = async () => (await this.#said(pid)).flatMap(({ live }) => live ?? []);
    const before = (await all()).length;
    process.kill(pid, 'SIGUSR2');
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    while (performance.now() < deadline) {
      const live = (await all())[before];
      if (live !== undefined) return live;
      await setTimeout(10);
    }
    throw new Error(`process ${pid} did not tell its memory within ${ANSWER_WITHIN_MS} ms`);
  }

  async #said(pid: number): Promise<readonly { readonly late?: number; readonly live?: number }[]> {
    const text = await readFile(join(this.#folder, `${pid}.log`), 'utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }
}
