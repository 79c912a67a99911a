import { component } from 'weaverd';
import { CHUNK, compute, ITEM_TEXT, waitUpTo4Ms } from '../../operation.js';
import { catalogue, nineProducts, type Product } from '../../products.js';

/** Answers what the peers answer. */
export class Echo {
  async echo(text: string): Promise<string> {
    return text;
  }

  async list(): Promise<readonly Product[]> {
    return nineProducts;
  }

  async catalogue(): Promise<readonly Product[]> {
    return catalogue;
  }

  async wait(text: string): Promise<string> {
    await waitUpTo4Ms();
    return text;
  }

  async work(): Promise<number> {
    return compute();
  }

  async echoBytes(bytes: Uint8Array): Promise<Uint8Array> {
    return bytes;
  }

  async *items(): AsyncIterable<string> {
    for (;;) yield ITEM_TEXT;
  }

  async *chunks(): AsyncIterable<Uint8Array> {
    for (;;) yield CHUNK;
  }
}

component(Echo);
