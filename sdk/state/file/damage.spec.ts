import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Writer } from '../../codec/writer.js';
import { StateError } from '../state-error.js';
import { type LogRecord, MAGIC, scanRecord, writeRecord } from './record.js';
import { recoverLog } from './recover.js';

const RECORDS: readonly LogRecord[] = [
  { kind: 'schema', state: 's', schema: '"string"' },
  { kind: 'set', schema: 0, expiresAt: 0, key: 'a', value: new Uint8Array([1, 2, 3]) },
  { kind: 'set', schema: 0, expiresAt: 5, key: 'ü', value: new Uint8Array(40) },
  { kind: 'delete', state: 's', key: 'a' },
  { kind: 'set', schema: 0, expiresAt: 0, key: 'b', value: new Uint8Array([9]) },
];

function encodeRecord(record: LogRecord): Buffer {
  const writer = new Writer();
  writeRecord(writer, record);
  return writer.bytes.subarray(0, writer.position);
}

describe('log of states, damaged', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wd-log-'));
  const path = join(folder, 'state.log');
  const encoded = RECORDS.map(encodeRecord);
  const whole = Buffer.concat([MAGIC, ...encoded]);
  /** Where each record ends; the header before them. */
  const ends = encoded
    .map((_, index) => Buffer.concat([MAGIC, ...encoded.slice(0, index)]).length)
    .concat(whole.length);
  after(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });

  /** What the log has when so many of the records are good. */
  const entriesAfter = (records: number): string[] => {
    const values = new Map<string, string>();
    for (const record of RECORDS.slice(0, records)) {
      if (record.kind === 'set') values.set(record.key, Buffer.from(record.value).toString('hex'));
      if (record.kind === 'delete') values.delete(record.key);
    }
    return [...values].map(([key, value]) => `${key}=${value}`).sort();
  };

  const recovered = async (bytes: Buffer) => {
    writeFileSync(path, bytes);
    const { handle, table, size, damage } = await recoverLog(path);
    await handle.close();
    const entries = table
      .list('s', '', undefined, 100, 0)
      .map(({ key, value }) => `${key}=${Buffer.from(value.bytes).toString('hex')}`);
    return { entries, size, damage };
  };

  it('reads what was written', async () => {
    expect(await recovered(whole)).to.deep.equal({
      entries: entriesAfter(5),
      size: whole.length,
      damage: undefined,
    });
  });

  it('detects every byte that changed, keeps the records before it, and sets the rest aside', async () => {
    for (let at = MAGIC.length; at < whole.length; at++)
      for (const flip of [0x01, 0x80, 0xff]) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const good = ends.filter((end) => end <= at).length - 1;
        const { entries, size, damage } = await recovered(bytes);
        expect(entries, `byte ${at}`).to.deep.equal(entriesAfter(good));
        expect(size).to.equal(ends[good]);
        expect(damage).to.include({ offset: size, bytes: whole.length - size });
        expect(readFileSync(damage?.keptAt ?? '')).to.deep.equal(bytes.subarray(size));
        expect(readFileSync(path)).to.deep.equal(whole.subarray(0, size));
      }
  }).timeout(60_000);

  it('leaves a file alone that does not begin as a log', async () => {
    for (let at = 0; at < MAGIC.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      const failure = await recovered(bytes).catch((reason: unknown) => reason);
      expect(failure).to.be.instanceOf(StateError).and.include({ code: 'CORRUPT' });
      expect(readFileSync(path)).to.deep.equal(bytes);
    }
  });

  it('recovers from a tail torn at every byte', async () => {
    for (let length = 0; length < whole.length; length++) {
      const good = Math.max(0, ends.filter((end) => end <= length).length - 1);
      const { entries, size, damage } = await recovered(whole.subarray(0, length));
      expect(entries).to.deep.equal(entriesAfter(good));
      expect(size).to.equal(ends[good]);
      if (length <= MAGIC.length || ends.includes(length)) expect(damage).to.equal(undefined);
      else expect(damage).to.include({ kind: 'torn', offset: size, bytes: length - size });
    }
  }).timeout(60_000);

  it('recovers from a tail that the disk filled with other bytes', async () => {
    const garbage = fc.uint8Array({ minLength: 1, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(garbage, fc.integer({ min: 0, max: 5 }), async (bytes, good) => {
        const prefix = whole.subarray(0, ends[good]);
        const { entries, size } = await recovered(Buffer.concat([prefix, bytes]));
        expect(entries).to.deep.equal(entriesAfter(good));
        expect(size).to.equal(prefix.length);
      }),
      { numRuns: 100 },
    );
  });

  it('takes a value of an unknown schema for damage', async () => {
    const stray = encodeRecord({ kind: 'set', schema: 7, expiresAt: 0, key: 'x', value: new Uint8Array(1) });
    const { entries, damage } = await recovered(Buffer.concat([whole, stray]));
    expect(entries).to.deep.equal(entriesAfter(5));
    expect(damage).to.include({ kind: 'corrupt' });
    expect(existsSync(damage?.keptAt ?? '')).to.equal(true);
  });

  it('gives back every record, and none of a part of its bytes', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const record: fc.Arbitrary<LogRecord> = fc.oneof(
      fc.record({ kind: fc.constant('schema' as const), state: text, schema: text }),
      fc.record({
        kind: fc.constant('set' as const),
        schema: fc.nat(),
        expiresAt: fc.maxSafeNat(),
        key: text,
        value: fc.uint8Array({ maxLength: 50 }),
      }),
      fc.record({ kind: fc.constant('delete' as const), state: text, key: text }),
    );
    fc.assert(
      fc.property(record, fc.nat(), (given, cut) => {
        const bytes = encodeRecord(given);
        expect(scanRecord(bytes, 0)).to.deep.equal({ kind: 'record', record: given, end: bytes.length });
        expect(scanRecord(bytes.subarray(0, cut % bytes.length), 0).kind).to.equal('incomplete');
      }),
    );
  });
});
