import type { ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { EnvelopeBeginning } from './envelope-state.js';

/** What the process of a former daemon, or of none, leaves to this envelope. */
export type EnvelopeInheritance = EnvelopeBeginning & {
  readonly process?: ProcessIdentity | undefined;
  readonly startedAt?: number;
};
