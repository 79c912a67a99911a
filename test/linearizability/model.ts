import type { Operation } from './operation.js';

/** What one key does when nothing is concurrent. */
export interface Model<Input, Output, State> {
  readonly name: string;
  /** Changes nothing in any state. */
  isRead(input: Input): boolean;
  /** Whether an operation of unknown outcome can be the cause of one of these outputs; if not, it need not have an effect. */
  explains(input: Input, outputs: readonly Output[]): boolean;
  /** For the operations of one history: a model may learn from them which states can be observed at all. */
  machine(operations: readonly Operation<Input, Output>[]): Machine<Input, Output, State>;
}

export interface Machine<Input, Output, State> {
  readonly initial: State;
  /**
   * The state after it, undefined if it cannot have given this output here. Without an output its outcome is unknown; then
   * undefined may also say that no operation whose outcome is known can come after it, so that it need not be considered.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** The same for equal states only. */
  keyOf(state: State): string | number;
}
