import type { Writer } from '../../codec/writer.js';
import { protocolError } from '../protocol-error.js';
import type { ProbeAnswer } from './probe-train.js';

const PROBE_BODY_BYTES = 4;
const ANSWER_BODY_BYTES = 12;

export function encodeProbe(writer: Writer, number: number): void {
  writer.writeUint32(number);
}

export function encodeProbeAnswer(writer: Writer, { number, elapsedMicros, idleMicros }: ProbeAnswer): void {
  writer.writeUint32(number);
  writer.writeUint32(elapsedMicros);
  writer.writeUint32(idleMicros);
}

/** These throw PROTOCOL_ERROR. */
export function readProbe(bytes: Buffer, start: number, end: number): number {
  if (end - start !== PROBE_BODY_BYTES) throw protocolError(`a probe has ${end - start} bytes`);
  return bytes.readUInt32LE(start);
}

export function readProbeAnswer(bytes: Buffer, start: number, end: number): ProbeAnswer {
  if (end - start !== ANSWER_BODY_BYTES) throw protocolError(`an answer to a probe has ${end - start} bytes`);
  return {
    number: bytes.readUInt32LE(start),
    elapsedMicros: bytes.readUInt32LE(start + 4),
    idleMicros: bytes.readUInt32LE(start + 8),
  };
}
