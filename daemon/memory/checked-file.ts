import { createHash } from 'node:crypto';
import type { DurableFiles } from './durable-files.js';

const FORMAT = 1;

type Body = Partial<Record<string, unknown>>;

export type CheckedRead =
  | { readonly kind: 'read'; readonly body: Body }
  | { readonly kind: 'absent' }
  /** It is set aside. */
  | { readonly kind: 'damaged'; readonly keptAs: string };

/**
 * A JSON object in a file with its checksum, replaced as a whole and fsynced. Saves that are asked for while one is
 * under way share the next.
 */
export class CheckedFile {
  readonly path: string;
  readonly #files: DurableFiles;
  readonly #onProblem: (path: string, problem: string | undefined) => void;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `onProblem` hears after each save why it failed, or undefined. */
  constructor(
    path: string,
    files: DurableFiles,
    onProblem: (path: string, problem: string | undefined) => void,
  ) {
    this.path = path;
    this.#files = files;
    this.#onProblem = onProblem;
  }

  /** Rejects when it is there but cannot be read. */
  async read(): Promise<CheckedRead> {
    let text: string | undefined;
    try {
      text = await this.#files.read(this.path);
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      throw new Error(`cannot read ${this.path}: ${why}`, { cause: reason });
    }
    if (text === undefined) return { kind: 'absent' };
    const body = decode(text);
    if (body !== undefined) return { kind: 'read', body };
    const keptAs = `${this.path}.damaged`;
    await this.#files.rename(this.path, keptAs);
    return { kind: 'damaged', keptAs };
  }

  /** `body` is asked when the write begins. Resolves when it is on disk; rejects when the disk refuses. */
  save(body: () => Body): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#writing === undefined) return this.#write(body);
    const again = () => {
      this.#next = undefined;
      return this.#write(body);
    };
    this.#next = this.#writing.then(again, again);
    return this.#next;
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#next !== undefined || this.#writing !== undefined)
      await Promise.allSettled([this.#writing, this.#next]);
  }

  #write(body: () => Body): Promise<void> {
    const end = (problem: string | undefined) => {
      this.#writing = undefined;
      this.#onProblem(this.path, problem);
    };
    this.#writing = this.#files.replace(this.path, encode(body())).then(
      () => end(undefined),
      (reason: unknown) => {
        end(reason instanceof Error ? reason.message : String(reason));
        throw reason;
      },
    );
    return this.#writing;
  }
}

function encode(body: Body): string {
  const json = JSON.stringify({ format: FORMAT, ...body });
  return `${checksum(json)}\n${json}\n`;
}

/** Undefined when it is damaged, or of another format. */
function decode(text: string): Body | undefined {
  const end = text.indexOf('\n');
  const json = text.slice(end + 1, -1);
  if (end < 0 || text.slice(0, end) !== checksum(json)) return undefined;
  const body = JSON.parse(json) as Body; // the checksum is right: it is what was written
  return body.format === FORMAT ? body : undefined;
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
