import { setTimeout } from 'node:timers/promises';
import type { Client } from 'weaverd';
import { isYcsb, type Operation, textOf, type YcsbOperation } from '../../operation.js';
import type { Call, PeerClient } from '../../peers/peer.js';
import type { Echo } from './echo.js';

const LARGE = new Uint8Array(8 * 1024 * 1024).fill(1);
const SLOW_READER_PAUSE_MS = 20;

/** The product, driven like its peers. */
export function echoClient(echo: Client<Echo>): PeerClient {
  return {
    call: (operation) => (isYcsb(operation) ? undefined : { kind: 'promise', call: callOf(echo, operation) }),
    async stream(operation, onItem) {
      const items: AsyncIterable<string | Uint8Array> = operation === 'items' ? echo.items() : echo.chunks();
      for await (const item of items) if (!onItem(item.length)) return;
    },
    beside: {
      async 'slow-reader'(signal) {
        for await (const _ of echo.items()) {
          if (signal.aborted) return;
          await setTimeout(SLOW_READER_PAUSE_MS);
        }
      },
      async 'large-echo'(signal) {
        while (!signal.aborted) {
          const { length } = await echo.echoBytes(LARGE);
          if (length !== LARGE.length) throw new Error(`${length} bytes came back of ${LARGE.length}`);
        }
      },
    },
  };
}

function callOf(
  echo: Client<Echo>,
  operation: Exclude<Operation, YcsbOperation>,
): (Call & { kind: 'promise' })['call'] {
  const text = textOf(operation);
  switch (operation) {
    case 'echo-30':
    case 'echo-1000':
      return () => echo.echo(text);
    case 'list':
      return () => echo.list();
    case 'catalogue':
      return () => echo.catalogue();
    case 'wait':
      return () => echo.wait(text);
    case 'work':
      return () => echo.work();
  }
}
