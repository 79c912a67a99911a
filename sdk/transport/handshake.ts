import { createHash, timingSafeEqual } from 'node:crypto';
import { MAX_HANDSHAKE_BODY_BYTES, MAX_HANDSHAKE_BYTES, PROTOCOL_VERSION } from './frame.js';
import { protocolError } from './protocol-error.js';
import type { ReplicaIdentity } from './transport.js';

/**
 * The bodies of the handshake are JSON, so that releases of weaverd that differ in everything else still tell each
 * other so. Members that one side does not know are ignored.
 */
export interface Hello {
  readonly protocol: number;
  readonly caller: ReplicaIdentity;
  /** Whom the caller means to reach. */
  readonly callee: ReplicaIdentity;
  /** The token, or, to a callee that sent a CHALLENGE, the proof of it (proof.ts). */
  readonly token: string;
  /** The caller's, for the callee's proof. */
  readonly nonce?: string | undefined;
  /** Longest frame that the caller accepts. */
  readonly maxFrameBytes: number;
  /** The caller accepts compressed frames, and answers probes. */
  readonly compression: boolean;
}

export interface Welcome {
  readonly protocol: number;
  readonly callee: ReplicaIdentity;
  /** The callee's, where it sent a CHALLENGE. */
  readonly proof?: string | undefined;
  /** Longest frame that the callee accepts. */
  readonly maxFrameBytes: number;
  /** The callee accepts compressed frames, and answers probes. */
  readonly compression: boolean;
}

/** Where the token must not travel. */
export interface Challenge {
  readonly protocol: number;
  readonly nonce: string;
}

export type RefusalReason =
  | 'version'
  | 'app'
  | 'replica'
  | 'generation'
  | 'token'
  | 'protocol'
  | 'timeout'
  | 'too-many-connections';

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Characters; each may take six bytes as JSON. */
const MAX_REFUSAL_MESSAGE = 600;

const REASONS: ReadonlySet<string> = new Set<RefusalReason>([
  'version',
  'app',
  'replica',
  'generation',
  'token',
  'protocol',
  'timeout',
  'too-many-connections',
]);

/** These throw RangeError when the names are too long for the handshake's bound. */
export function encodeHello({
  protocol,
  caller,
  callee,
  token,
  nonce,
  maxFrameBytes,
  compression,
}: Hello): Uint8Array {
  return encode({
    protocol,
    caller: pick(caller),
    callee: pick(callee),
    token,
    nonce,
    maxFrameBytes,
    compression,
  });
}

export function encodeWelcome({ protocol, callee, proof, maxFrameBytes, compression }: Welcome): Uint8Array {
  return encode({ protocol, callee: pick(callee), proof, maxFrameBytes, compression });
}

export function encodeChallenge(challenge: Challenge): Uint8Array {
  return encode(challenge);
}

export function encodeRefusal({ reason, message }: Refusal): Uint8Array {
  return encode({ reason, message: message.slice(0, MAX_REFUSAL_MESSAGE) });
}

/** An identity may be part of something larger, and secret: only what identifies travels. */
function pick({ app, version, group, replica, generation }: ReplicaIdentity): ReplicaIdentity {
  return { app, version, group, replica, generation };
}

function encode(message: Hello | Welcome | Challenge | Refusal): Uint8Array {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  if (body.length > MAX_HANDSHAKE_BODY_BYTES) {
    throw new RangeError(
      `the handshake takes ${body.length} bytes, more than ${MAX_HANDSHAKE_BODY_BYTES}: use shorter names`,
    );
  }
  return body;
}

/**
 * The hello, or the refusal to answer a caller of another protocol with. Throws PROTOCOL_ERROR for what is
 * neither.
 */
export function decodeHello(body: Uint8Array): Hello | Refusal {
  const fields = decodeFields(body, 'HELLO');
  const protocol = integer(fields, 'protocol');
  if (protocol !== PROTOCOL_VERSION) return protocolRefusal(protocol);
  return {
    protocol,
    caller: identity(fields.caller, 'caller'),
    callee: identity(fields.callee, 'callee'),
    token: text(fields, 'token'),
    ...optionalText(fields, 'nonce'),
    maxFrameBytes: integer(fields, 'maxFrameBytes', MAX_HANDSHAKE_BYTES),
    compression: fields.compression === true,
  };
}

export function decodeWelcome(body: Uint8Array): Welcome | Refusal {
  const fields = decodeFields(body, 'WELCOME');
  const protocol = integer(fields, 'protocol');
  if (protocol !== PROTOCOL_VERSION) return protocolRefusal(protocol);
  return {
    protocol,
    callee: identity(fields.callee, 'callee'),
    ...optionalText(fields, 'proof'),
    maxFrameBytes: integer(fields, 'maxFrameBytes', MAX_HANDSHAKE_BYTES),
    compression: fields.compression === true,
  };
}

/** The challenge, or why this side cannot answer it. Throws PROTOCOL_ERROR for what is neither. */
export function decodeChallenge(body: Uint8Array): Challenge | Refusal {
  const fields = decodeFields(body, 'CHALLENGE');
  const protocol = integer(fields, 'protocol');
  if (protocol !== PROTOCOL_VERSION) return protocolRefusal(protocol);
  return { protocol, nonce: text(fields, 'nonce') };
}

export function decodeRefusal(body: Uint8Array): Refusal {
  const fields = decodeFields(body, 'REFUSED');
  const reason = text(fields, 'reason');
  if (!isReason(reason)) throw protocolError(`REFUSED names an unknown reason, ${JSON.stringify(reason)}`);
  return { reason, message: text(fields, 'message') };
}

export function isRefusal(message: Hello | Welcome | Challenge | Refusal): message is Refusal {
  return 'reason' in message;
}

/**
 * Undefined when the caller is welcome. What this side is, is told only to callers that know the token. `expected` is the
 * token, or the proof that a caller gives who knows it.
 */
export function verifyHello(hello: Hello, callee: ReplicaIdentity, expected: string): Refusal | undefined {
  const trusted = equalInConstantTime(hello.token, expected);
  const refusal =
    differenceOf('app', hello.caller, callee) ??
    differenceOf('version', hello.caller, callee) ??
    (trusted ? undefined : UNKNOWN_TOKEN) ??
    verifyCallee(hello.callee, callee);
  if (refusal === undefined || trusted) return refusal;
  return { reason: refusal.reason, message: `the caller's ${refusal.reason} is not accepted here` };
}

/** Undefined when `actual` is whom the caller meant to reach. */
export function verifyCallee(expected: ReplicaIdentity, actual: ReplicaIdentity): Refusal | undefined {
  return (
    differenceOf('app', expected, actual) ??
    differenceOf('version', expected, actual) ??
    differenceOf('group', expected, actual) ??
    differenceOf('replica', expected, actual) ??
    differenceOf('generation', expected, actual)
  );
}

const UNKNOWN_TOKEN: Refusal = { reason: 'token', message: 'the caller does not know the token' };

function differenceOf(
  field: keyof ReplicaIdentity,
  theirs: ReplicaIdentity,
  ours: ReplicaIdentity,
): Refusal | undefined {
  if (theirs[field] === ours[field]) return undefined;
  return {
    reason: field === 'group' ? 'replica' : field,
    message: `the caller says ${field} ${JSON.stringify(theirs[field])}, this is ${JSON.stringify(ours[field])}`,
  };
}

function protocolRefusal(protocol: number): Refusal {
  return {
    reason: 'protocol',
    message: `the peer speaks protocol ${protocol}, this side ${PROTOCOL_VERSION}`,
  };
}

/** Over digests, so that not even the lengths of the tokens show. */
export function equalInConstantTime(a: string, b: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(a, 'utf8').digest(),
    createHash('sha256').update(b, 'utf8').digest(),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function decodeFields(body: Uint8Array, frame: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  } catch (error) {
    throw protocolError(`${frame} is not JSON`, error);
  }
  return record(value, frame);
}

function identity(value: unknown, name: string): ReplicaIdentity {
  const fields = record(value, name);
  return {
    app: text(fields, 'app'),
    version: text(fields, 'version'),
    group: text(fields, 'group'),
    replica: text(fields, 'replica'),
    generation: integer(fields, 'generation'),
  };
}

function record(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null) throw protocolError(`handshake: ${name} is not an object`);
  return { ...value };
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw protocolError(`handshake: ${name} is not a string`);
  return value;
}

function optionalText<Name extends string>(fields: Fields, name: Name): { readonly [Key in Name]?: string } {
  const value = fields[name];
  return typeof value === 'string' ? ({ [name]: value } as { readonly [Key in Name]?: string }) : {};
}

function integer(fields: Fields, name: string, least = 0): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw protocolError(`handshake: ${name} is not a whole number from ${least}`);
  }
  return value;
}

function isReason(reason: string): reason is RefusalReason {
  return REASONS.has(reason);
}
