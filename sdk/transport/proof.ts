import { createHmac, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Address } from '../protocol/address.js';
import type { ReplicaIdentity } from './transport.js';

/**
 * Both sides show that they know the token without sending it: each answers the other's nonce with an HMAC over both
 * nonces and both identities (after ISO/IEC 9798-4, mutual three-pass). It proves who opened the connection; it does
 * not encrypt what follows.
 */
export interface ProofInput {
  readonly side: 'caller' | 'callee';
  readonly calleeNonce: string;
  readonly callerNonce: string;
  readonly caller: ReplicaIdentity;
  readonly callee: ReplicaIdentity;
}

const NONCE_BYTES = 24;

export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

export function proofOf(
  token: string,
  { side, calleeNonce, callerNonce, caller, callee }: ProofInput,
): string {
  const said = JSON.stringify([side, calleeNonce, callerNonce, members(caller), members(callee)]);
  return createHmac('sha256', token).update(said).digest('base64url');
}

/** Whether a token sent there could be read by others: anywhere but on a Unix socket or the loopback interface. */
export function needsProof(address: Address): boolean {
  if (address.kind === 'unix' || address.host === 'localhost' || address.host === '::1') return false;
  return !(isIP(address.host) === 4 && address.host.startsWith('127.'));
}

function members({ app, version, group, replica, generation }: ReplicaIdentity): readonly unknown[] {
  return [app, version, group, replica, generation];
}
