import { expect } from 'chai';
import { logLine } from '../spec-support/sample-status.js';
import { formatLogLine } from './log-line.js';

/** Without the time, which is local. */
function formatted(given: Parameters<typeof logLine>[0]): string {
  const text = formatLogLine(logLine(given));
  expect(text).to.match(/^\d\d:\d\d:\d\d\.\d{3} /);
  return text.slice(13);
}

describe('formatLogLine', () => {
  it('shows level, replica, message and fields', () => {
    expect(
      formatted({ fields: { user: 'ann', count: 2, note: 'two words', gone: undefined, list: [1] } }),
    ).to.equal('INFO  Cart-0 added user=ann count=2 note="two words" list=[1]');
  });

  it('names the component only when the replica does not', () => {
    expect(formatted({ component: '', replica: 'main-0' })).to.equal('INFO  main-0 added');
    expect(formatted({ component: 'Ads', replica: 'Ads+Cart-0' })).to.equal('INFO  Ads@Ads+Cart-0 added');
  });

  it('names levels between the known ones after the one below', () => {
    expect(formatted({ level: 55 })).to.match(/^ERROR /);
    expect(formatted({ level: 60 })).to.match(/^FATAL /);
    expect(formatted({ level: 1 })).to.match(/^TRACE /);
  });

  it('indents further lines, and lets no control through', () => {
    expect(formatted({ message: 'Error: x\n    at y\u001b[2J\n' })).to.equal(
      'INFO  Cart-0 Error: x\n        at y',
    );
  });

  it('shows the stack of an error among the fields as lines, and its own properties as JSON', () => {
    const stack = 'Error: no stock: timed out\n    at Cart.add (cart.ts:3:4)\ncaused by: Error: timed out';
    const err = { type: 'Error', message: 'no stock: timed out', stack };
    const below =
      '\n    Error: no stock: timed out\n        at Cart.add (cart.ts:3:4)\n    caused by: Error: timed out';
    expect(formatted({ fields: { err, user: 'ann' } })).to.equal(`INFO  Cart-0 added user=ann${below}`);
    expect(formatted({ fields: { err: { ...err, code: 'E1' } } })).to.equal(
      `INFO  Cart-0 added err={"code":"E1"}${below}`,
    );
  });

  it('does not show a stack again that the message has, and leaves other objects as they are', () => {
    const stack = 'Error: x\n    at y';
    expect(formatted({ message: stack, fields: { err: { stack } } })).to.equal(
      'INFO  Cart-0 Error: x\n        at y',
    );
    expect(formatted({ fields: { pile: { stack: ['a', 'b'] } } })).to.equal(
      'INFO  Cart-0 added pile={"stack":["a","b"]}',
    );
  });
});
