/** What is sent in chunks: a connection that has large messages. */
export interface ChunkSource {
  /** Sends one chunk. Returns its bytes, or 0 when it cannot go on now: it asks for turns again when it can. */
  sendChunk(): number;
}

/** Of chunks, all connections of the process together, in one turn of the event loop: small calls come between turns. */
export const TURN_BYTES = 64 * 1024;

/** The connections of a process that send chunks, in turns. */
export class ChunkTurns {
  readonly #sources = new Set<ChunkSource>();
  readonly #schedule: (turn: () => void) => void;
  #scheduled = false;

  constructor(schedule: (turn: () => void) => void) {
    this.#schedule = schedule;
  }

  /** The source can send: it gets its turn. */
  request(source: ChunkSource): void {
    this.#sources.add(source);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    let left = TURN_BYTES;
    // Whoever has sent is put behind the others: the iteration comes to it again.
    for (const source of this.#sources) {
      this.#sources.delete(source);
      const sent = source.sendChunk();
      if (sent > 0) this.#sources.add(source);
      left -= sent;
      if (left <= 0) break;
    }
    if (this.#sources.size === 0) return;
    this.#scheduled = true;
    this.#schedule(this.#turn);
  };
}

export const processTurns = new ChunkTurns(setImmediate);
