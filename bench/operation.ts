import { catalogue, nineProducts, type Product } from './products.js';
import type { Workload } from './ycsb/workload.js';

/**
 * What is called: an echo of 30 or 1000 characters, the list of nine products or of a whole catalogue, an echo whose handler
 * waits 0–4 ms, and one whose handler computes for about 0.3 ms; or a workload on records.
 */
export type Operation = 'echo-30' | 'echo-1000' | 'list' | 'catalogue' | 'wait' | 'work' | YcsbOperation;

/** One operation of the workload after the other. With `script`, read-modify-writes are scripts that the store runs. */
export type YcsbOperation = `ycsb-${Workload}` | 'ycsb-f-script';

/** What is streamed: texts of 30 characters, or chunks of 64 KiB. */
export type StreamOperation = 'items' | 'chunks';

const TEXT_30 = 'x'.repeat(30);
const TEXT_1000 = 'y'.repeat(1000);
export const ITEM_TEXT = 'z'.repeat(30);
export const CHUNK = new Uint8Array(64 * 1024).fill(7);

/** The text that an operation sends; none for the lists. */
export function textOf(operation: Operation): string {
  return operation === 'echo-1000' ? TEXT_1000 : TEXT_30;
}

export function isYcsb(operation: Operation): operation is YcsbOperation {
  return operation.startsWith('ycsb-');
}

/** Throws when an answer is not what the operation answers: a fast peer that answers nothing is not fast. */
export function checkAnswer(operation: Operation, answer: unknown): void {
  if (isYcsb(operation)) return; // which checks each of its answers
  const right =
    operation === 'list' || operation === 'catalogue'
      ? isProductList(answer, operation === 'list' ? nineProducts : catalogue)
      : operation === 'work'
        ? typeof answer === 'number'
        : answer === textOf(operation);
  if (!right) throw new Error(`${operation} was answered with ${JSON.stringify(answer)?.slice(0, 200)}`);
}

function isProductList(answer: unknown, products: readonly Product[]): boolean {
  if (!Array.isArray(answer) || answer.length !== products.length) return false;
  const last = answer.at(-1) as Partial<Product>;
  const expected = products.at(-1);
  return last.description === expected?.description && last.price?.nanos === expected?.price.nanos;
}

/** Handlers that answer when their own waiting is over: calls and answers spread in time. */
export function waitUpTo4Ms(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
}

/**
 * About 0.3 ms of a core: a fixed amount of work, so that a preempted handler still has to do it. The state stays a small integer: Node 26 at
 * times compiles the loop for larger ones to code that is five times as slow.
 */
export function compute(): number {
  let state = 1;
  for (let step = 0; step < 270_000; step++)
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) & 0x3fffffff;
  return state;
}
