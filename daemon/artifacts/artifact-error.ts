/** Why an artifact was not accepted or not found. */
export type ArtifactErrorCode =
  | 'INVALID_NAME'
  | 'TOO_LARGE'
  | 'INCOMPLETE'
  | 'INVALID_DESCRIPTION'
  | 'DIGEST_MISMATCH'
  | 'NOT_OFFERED'
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED';

export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';
  constructor(
    readonly code: ArtifactErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A failure of the disk, told by name. */
export function storageFailure(path: string, reason: unknown): ArtifactError {
  if (reason instanceof ArtifactError) return reason;
  const { code, message } = reason as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new ArtifactError('STORAGE_FULL', `the disk is full: ${path} cannot be written; free some space`, {
        cause: reason,
      })
    : new ArtifactError('STORAGE_FAILED', `${path}: ${message}`, { cause: reason });
}
