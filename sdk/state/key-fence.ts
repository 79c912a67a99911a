/**
 * For which keys this process may act, and under which fencing number: what a store asks that several processes use. A key's
 * number only rises; see SliceAssignment in sdk/protocol/control.ts.
 */
export interface KeyFence {
  /** The number under which this process owns the state key now; undefined when it does not, or its lease has run out. */
  epochOf(key: string): number | undefined;
  /**
   * Begins to act for the key, which is given to nobody else before `leave`, or before `end` was called with why it has to
   * stop. Undefined when this process may not begin now.
   */
  hold(key: string, end: (why: string) => void): KeyHold | undefined;
  /** Called when keys are given up or got, before the next call for them: what is cached of others is to be dropped. */
  onChange(listener: () => void): void;
}

export interface KeyHold {
  leave(): void;
}

/** Of a process that is alone: it owns every key. */
export const OWNS_ALL: KeyFence = {
  epochOf: () => 1,
  hold: () => ({ leave: () => undefined }),
  onChange: () => undefined,
};
