import { expect } from 'chai';
import fc from 'fast-check';
import { NO_COLOURS } from './colours.js';
import { printable, truncate, truncatePainted } from './printable.js';
import { formatTable } from './table.js';

const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

describe('formatTable', () => {
  const columns = [{ header: 'NAME' }, { header: 'PID', align: 'right' as const }, { header: 'NOTE' }];

  it('makes columns as wide as their widest cell, without trailing spaces', () => {
    expect(
      formatTable(columns, [
        ['Cart', '7', 'ok'],
        ['Checkout', '12345', ''],
      ]),
    ).to.deep.equal(['NAME        PID  NOTE', 'Cart          7  ok', 'Checkout  12345']);
  });

  it('measures text, not colours', () => {
    const [, line] = formatTable(columns, [[{ text: 'Cart', paint: red }, '1', 'x']]);
    expect(line).to.equal(`${red('Cart')}    1  x`);
  });

  it('cuts lines to the width', () => {
    const lines = formatTable(columns, [['Recommendations', '12345', 'a long note']], { width: 27 });
    expect(lines[1]).to.equal('Recommendations  12345  a …');
    for (const line of lines) expect(line.length).to.be.at.most(27);
  });

  it('is never wider than the width, whatever the cells', () => {
    const cell = fc.string({ maxLength: 20, unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { maxLength: 3 })),
        fc.integer({ min: 1, max: 60 }),
        (rows, width) => {
          for (const line of formatTable(columns, rows, { width }))
            expect([...line].length).to.be.at.most(width);
        },
      ),
    );
  });

  it('has only a header without rows', () => {
    expect(formatTable(columns, [])).to.deep.equal(['NAME  PID  NOTE']);
  });
});

describe('printable', () => {
  it('takes escape sequences out and shows other controls', () => {
    expect(printable('\u001b[31mred\u001b[0m')).to.equal('red');
    expect(printable('bell\u0007 and\rreturn')).to.equal('bell\\x07 and\\x0dreturn');
    expect(printable('two\r\nlines\tand a tab')).to.equal('two\nlines\tand a tab');
  });

  it('leaves nothing that moves a cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
        expect(printable(text)).to.not.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

describe('truncate', () => {
  it('marks what was cut', () => {
    expect(truncate('abcdef', 6)).to.equal('abcdef');
    expect(truncate('abcdef', 5)).to.equal('abcd…');
    expect(truncate('abcdef', 0)).to.equal('');
  });

  it('keeps colours whole when painted', () => {
    expect(truncatePainted(`a${red('bcdef')}g`, 4)).to.equal(`a${red('bc…')}`);
    expect(truncatePainted(red('abc'), 3)).to.equal(red('abc'));
    expect(truncatePainted(NO_COLOURS.red('abcdef'), 3)).to.equal('ab…');
  });
});
