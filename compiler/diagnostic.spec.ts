import { expect } from 'chai';
import { type Diagnostic, formatDiagnostic, sortDiagnostics } from './diagnostic.js';

const base: Diagnostic = {
  code: 'TYPE_CANNOT_TRAVEL',
  file: 'cart.ts',
  line: 3,
  column: 5,
  message: 'a function cannot travel',
  path: 'Cart.add(item).callback',
  mend: 'pass data instead',
};

describe('diagnostics', () => {
  it('are sorted by place, numerically, and each is there once', () => {
    const later = { ...base, line: 12 };
    const other = { ...base, file: 'a.ts', line: 100 };
    expect(sortDiagnostics([later, base, other, { ...base }])).to.deep.equal([other, base, later]);
  });

  it('are printed with place, code, path and mend', () => {
    expect(formatDiagnostic(base)).to.equal(
      'cart.ts:3:5 TYPE_CANNOT_TRAVEL a function cannot travel\n  at Cart.add(item).callback\n  mend: pass data instead',
    );
  });

  it('leave out an empty path and an empty mend', () => {
    expect(formatDiagnostic({ ...base, path: '', mend: '' })).to.equal(
      'cart.ts:3:5 TYPE_CANNOT_TRAVEL a function cannot travel',
    );
  });

  it('are coloured on demand', () => {
    expect(formatDiagnostic(base, { colour: true })).to.contain('\u001b[');
  });
});
