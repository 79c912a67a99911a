/** Lasting troubles of this host by what has them, such as a full disk. */
export class Problems {
  readonly #bySource = new Map<string, string>();
  readonly #changed: (source: string, problem: string | undefined) => void;

  /** `changed` hears of each that begins, changes or ends. */
  constructor(changed: (source: string, problem: string | undefined) => void) {
    this.#changed = changed;
  }

  /** Undefined ends it. */
  set(source: string, problem: string | undefined): void {
    if (this.#bySource.get(source) === problem) return;
    if (problem === undefined) this.#bySource.delete(source);
    else this.#bySource.set(source, problem);
    this.#changed(source, problem);
  }

  list(): readonly string[] {
    return [...this.#bySource.values()];
  }
}
