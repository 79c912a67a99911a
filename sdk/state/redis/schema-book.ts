import { createHash } from 'node:crypto';
import { StateError } from '../state-error.js';
import type { KeyNames } from './key-names.js';
import type { Link, Outcome } from './link.js';

/** Of base64url: 72 bits. */
const ID_LENGTH = 12;

/**
 * The schemas of a component's states, each stored once, under a name made of its text: writers need not agree on numbers, and
 * what a fail-over has lost can be written again.
 */
export class SchemaBook {
  readonly #names: KeyNames;
  readonly #link: Link;
  readonly #ids = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  /** Ids of which it is known that Redis has them, by state. */
  readonly #stored = new Map<string, Set<string>>();

  constructor(names: KeyNames, link: Link) {
    this.#names = names;
    this.#link = link;
  }

  id(text: string): string {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = createHash('sha256').update(text).digest('base64url').slice(0, ID_LENGTH);
      this.#ids.set(text, id);
      this.#texts.set(id, text);
    }
    return id;
  }

  isStored(state: string, text: string): boolean {
    return this.#stored.get(state)?.has(this.id(text)) ?? false;
  }

  /** To be done before a value refers to it. */
  async store(state: string, text: string, deadline: number): Promise<Outcome> {
    const id = this.id(text);
    const outcome = await this.#link.call('hset', [this.#names.schemas(state), id, text], deadline);
    if (outcome.kind === 'answered') this.#of(state).add(id);
    return outcome;
  }

  /** Redis may have lost them: they are stored again before they are used. */
  forget(): void {
    this.#stored.clear();
  }

  /** Undefined when it is not known here: see {@link load}. */
  text(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** All that Redis has. Rejects with UNAVAILABLE. */
  async load(state: string, deadline: number): Promise<readonly string[]> {
    const outcome = await this.#link.call('hgetall', [this.#names.schemas(state)], deadline);
    if (outcome.kind !== 'answered')
      throw new StateError(
        'UNAVAILABLE',
        `the schemas of the state ${state} could not be read: ${outcome.reason}`,
      );
    const fields = Object.entries(outcome.reply as Readonly<Record<string, Buffer>>);
    return fields.map(([id, bytes]) => {
      const text = bytes.toString();
      this.#texts.set(id, text);
      this.#ids.set(text, id);
      this.#of(state).add(id);
      return text;
    });
  }

  #of(state: string): Set<string> {
    const stored = this.#stored.get(state) ?? new Set<string>();
    this.#stored.set(state, stored);
    return stored;
  }
}
