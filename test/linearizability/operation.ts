/** What the client knows of an operation's end; times are ms of one monotonic clock. */
export type Outcome<Output> =
  | { readonly kind: 'ok'; readonly at: number; readonly output: Output }
  /** It has certainly not taken effect, and never will. */
  | { readonly kind: 'failed'; readonly at: number; readonly code: string }
  /** It may take effect at any time after its invocation, also after `at`, or never; once at most. */
  | { readonly kind: 'unknown'; readonly at: number; readonly code: string };

/** One call of one client, as the client saw it. */
export interface Operation<Input, Output> {
  readonly client: string;
  readonly key: string;
  readonly input: Input;
  readonly invokedAt: number;
  readonly outcome: Outcome<Output>;
}

/** In the order of their invocation, one a line: client, from, to, input, what came of it. */
export function describeOperations<I, O>(operations: readonly Operation<I, O>[]): string {
  return [...operations]
    .sort((a, b) => a.invokedAt - b.invokedAt)
    .map((operation) => {
      const { client, invokedAt, input, outcome } = operation;
      const came = outcome.kind === 'ok' ? JSON.stringify(outcome.output) : `${outcome.kind} ${outcome.code}`;
      const until = outcome.kind === 'unknown' ? '?' : outcome.at.toFixed(3);
      return `${client} [${invokedAt.toFixed(3)}, ${until}] ${JSON.stringify(input)} -> ${came}`;
    })
    .join('\n');
}
