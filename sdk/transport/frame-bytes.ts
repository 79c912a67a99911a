import { type FrameKind, LENGTH_BYTES } from './frame.js';

/** `length` counts what follows it. Plain stores: they are compiled in line, the methods of Buffer are not. */
export function putHeader(bytes: Buffer, at: number, length: number, kind: FrameKind, callId: number): void {
  putUint32(bytes, at, length);
  bytes[at + LENGTH_BYTES] = kind;
  putUint32(bytes, at + LENGTH_BYTES + 1, callId);
}

export function putUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function uint32At(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}

/** Of a frame of ours at `at`. */
export function kindAt(bytes: Buffer, at: number): FrameKind {
  return bytes[at + LENGTH_BYTES] as FrameKind;
}

/** Of the frame at `at`. */
export function callIdAt(bytes: Buffer, at: number): number {
  return uint32At(bytes, at + LENGTH_BYTES + 1);
}
