import { createHash } from 'node:crypto';

/** One change in the log: a line of `<checksum> <JSON>`. A value that is absent is a deletion. */
export interface LogRecord {
  readonly bucket: string;
  readonly key: string;
  readonly revision: number;
  /** JSON text of the value; undefined for a deletion. */
  readonly json: string | undefined;
}

export interface LogContents {
  readonly records: readonly LogRecord[];
  /** Bytes up to which the log is whole lines. */
  readonly length: number;
  /** Bytes after it: the write that the last process died in. */
  readonly tornBytes: number;
  /** Lines within it that are not as they were written. */
  readonly damagedLines: number;
}

export function encodeRecord(record: LogRecord): string {
  const body = JSON.stringify([record.bucket, record.key, record.revision, record.json ?? null]);
  return `${checksum(body)} ${body}\n`;
}

/** A line that is damaged is left out, and those after it are still good: each holds a key's whole value. */
export function decodeLog(bytes: Buffer): LogContents {
  const records: LogRecord[] = [];
  let damagedLines = 0;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    const record = decodeLine(bytes.toString('utf8', start, end));
    if (record === undefined) damagedLines++;
    else records.push(record);
    start = end + 1;
  }
  return { records, length: start, tornBytes: bytes.length - start, damagedLines };
}

function decodeLine(line: string): LogRecord | undefined {
  const body = line.slice(CHECKSUM_DIGITS + 1);
  if (line.slice(0, CHECKSUM_DIGITS + 1) !== `${checksum(body)} `) return undefined;
  const fields: unknown = JSON.parse(body);
  if (!Array.isArray(fields)) return undefined;
  const [bucket, key, revision, json] = fields as unknown[];
  if (typeof bucket !== 'string' || typeof key !== 'string' || typeof revision !== 'number') return undefined;
  return { bucket, key, revision, json: typeof json === 'string' ? json : undefined };
}

const CHECKSUM_DIGITS = 16;

function checksum(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, CHECKSUM_DIGITS);
}
