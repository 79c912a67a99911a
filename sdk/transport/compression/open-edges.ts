import type { EdgeCompression, EdgeCompressionStatus } from './edge-compression.js';

/** The direction of a connection from this process to `peer`, a replica. */
export interface EdgeReport extends EdgeCompressionStatus {
  readonly peer: string;
}

/** The open connections of a process whose bodies may be compressed. As many as there are connections. */
export class OpenEdges {
  readonly #edges = new Set<{ readonly peer: string; readonly compression: EdgeCompression }>();

  /** Returns how to forget it. */
  add(peer: string, compression: EdgeCompression): () => void {
    const edge = { peer, compression };
    this.#edges.add(edge);
    return () => this.#edges.delete(edge);
  }

  report(): readonly EdgeReport[] {
    return [...this.#edges].map(({ peer, compression }) => ({ peer, ...compression.status }));
  }
}

export const openEdges = new OpenEdges();
