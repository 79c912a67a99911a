import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../processes/clock.js';
import { OutputFolder } from './output-folder.js';
import { MAX_LINE_BYTES, OutputTail } from './output-tail.js';

describe('the output of processes', () => {
  let folder: string;
  let path: string;
  let lines: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wd-output-'));
    path = join(folder, 'a.out');
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const tail = (change: { keepBytes?: number; maxBehindBytes?: number; offset?: number } = {}) =>
    new OutputTail({
      ...{ path, offset: 0, keepBytes: 1e6, maxBehindBytes: 1e7, ...change },
      onLine: (line) => lines.push(line),
    });

  describe('OutputTail', () => {
    it('delivers each line once, however it was written (any chunking)', () => {
      const texts = fc.array(
        fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/[\r\n]/.test(text)),
      );
      const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
      fc.assert(
        fc.property(texts, cuts, fc.integer({ min: 10, max: 500 }), (all, sizes, keepBytes) => {
          writeFileSync(path, '');
          lines = [];
          const bytes = Buffer.from(all.map((text) => `${text}\n`).join(''));
          const followed = tail({ keepBytes: 1e6 + keepBytes });
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            appendFileSync(path, bytes.subarray(at, at + size));
            at += size;
            followed.read();
          }
          expect(lines).to.deep.equal(all.filter((text) => text !== ''));
        }),
        { numRuns: 30 },
      );
    });

    it('cuts a line that has no end, and delivers the last one when its writer has gone', () => {
      writeFileSync(path, `${'x'.repeat(MAX_LINE_BYTES + 5)}\nlast`);
      const followed = tail();
      followed.read();
      expect(lines.map((line) => line.length)).to.deep.equal([MAX_LINE_BYTES, 5]);
      followed.finish();
      expect(lines.at(-1)).to.equal('last');
      expect(followed.offset).to.equal(statSync(path).size);
    });

    it('empties a file that has grown beyond its bound, and goes on', () => {
      const followed = tail({ keepBytes: 10 });
      appendFileSync(path, 'one\ntwo\n');
      followed.read();
      expect(statSync(path).size).to.equal(8);
      appendFileSync(path, 'three\n');
      followed.read();
      expect(statSync(path).size).to.equal(0);
      appendFileSync(path, 'four\n');
      followed.read();
      expect(lines).to.deep.equal(['one', 'two', 'three', 'four']);
      expect(followed.offset).to.equal(5);
    });

    it('drops what it could never catch up with, and says how much', () => {
      writeFileSync(path, 'x\n'.repeat(100));
      const followed = tail({ maxBehindBytes: 100 });
      followed.read();
      expect(lines).to.deep.equal(['(200 bytes of output were dropped: written faster than read)']);
      appendFileSync(path, 'next\n');
      followed.read();
      expect(lines.at(-1)).to.equal('next');
    });

    it('begins again when the file was emptied by someone else', () => {
      writeFileSync(path, 'one\n');
      const followed = tail();
      followed.read();
      writeFileSync(path, '2\n');
      followed.read();
      expect(lines).to.deep.equal(['one', '2']);
    });
  });

  describe('OutputFolder', () => {
    const open = () =>
      new OutputFolder({ folder, clock: systemClock, onProblem: (problem) => lines.push(`${problem}`) });
    let changed: () => void = () => {};
    const follow = (output: OutputFolder, name: string) =>
      output.follow(name, (line) => {
        lines.push(line);
        changed();
      });
    const arrived = (line: string) =>
      new Promise<void>((resolve) => {
        changed = () => {
          if (lines.includes(line)) resolve();
        };
        changed();
      });

    it('delivers what is written when it is written', async () => {
      const output = open();
      follow(output, 'a.out');
      appendFileSync(path, 'one\n');
      await arrived('one');
      appendFileSync(path, 'two\n');
      await arrived('two');
      output.close();
      expect(lines).to.deep.equal(['one', 'two']);
    });

    it('goes on under the next daemon where the last left off', async () => {
      const first = open();
      follow(first, 'a.out');
      appendFileSync(path, 'one\ntw');
      await arrived('one');
      first.close();
      appendFileSync(path, 'o\nthree\n');
      const second = open();
      follow(second, 'a.out');
      await arrived('three');
      second.close();
      expect(lines).to.deep.equal(['one', 'two', 'three']);
    });

    it('deletes the files of replicas that are no more', () => {
      const output = open();
      writeFileSync(join(folder, 'old.out'), 'x');
      appendFileSync(path, 'one');
      follow(output, 'a.out');
      output.removeUnfollowed();
      expect([existsSync(join(folder, 'old.out')), existsSync(path)]).to.deep.equal([false, true]);
      output.remove('a.out');
      expect(lines).to.deep.equal(['one']);
      expect(existsSync(path)).to.equal(false);
      output.close();
      expect(readFileSync(join(folder, 'offsets.json'), 'utf8')).to.equal('{}');
    });
  });
});
