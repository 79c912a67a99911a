/** An answer of the local API that is no success, on both of its sides. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Stable, such as `NO_SUCH_APP`. */
    readonly code: string,
    message: string,
    /** What the reader can do. */
    readonly mend?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
