import type { CallOptions } from '../component/component-class.js';

/** Carries one method's calls: a Promise for a unary method, an AsyncIterable for a streaming one. */
export type Invoke = (args: readonly unknown[], options: CallOptions | undefined) => unknown;

/** A method as a client without options has it. */
export type DirectMethod = (...args: readonly unknown[]) => unknown;

/** What stands behind a client: a component of this process, or one elsewhere. */
export interface Invoker {
  readonly methods: readonly string[];
  /** There may be methods besides these: found out by calling. */
  readonly openEnded: boolean;
  bind(method: string): Invoke;
  /** The same without options, where that is a shorter way than {@link bind}. */
  direct?(method: string): DirectMethod;
}
