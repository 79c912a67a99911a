import { expect } from 'chai';
import { errorLine, exitReason } from './exit-reason.js';

const UNCAUGHT = `file:///app.mjs:1
throw new TypeError('x is no cart');
^

TypeError: x is no cart
    at file:///app.mjs:1:7
    at ModuleJob.run (node:internal/modules/esm/module_job:343:25) {
  code: 'E'
}

Node.js v20.20.2`.split('\n');

const HEAP = `<--- Last few GCs --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb86ecf node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]`.split('\n');

describe('exit reasons', () => {
  it('finds the line that names the error', () => {
    expect(errorLine(UNCAUGHT)).to.equal('TypeError: x is no cart');
    expect(errorLine(HEAP)).to.match(/^FATAL ERROR: Reached heap limit/);
    expect(errorLine(['warming up', 'the config is missing', '', 'Node.js v20.20.2'])).to.equal(
      'the config is missing',
    );
    expect(errorLine(['    at x (y.js:1:1)', '', '}'])).to.equal(undefined);
    expect(errorLine([])).to.equal(undefined);
    expect(errorLine(['Error: '.padEnd(5000, 'x')])).to.have.length(1000);
  });

  it('says how it ended, and why as far as anyone told', () => {
    expect(exitReason({ code: 1, signal: null }, undefined, UNCAUGHT)).to.equal(
      'exited with code 1: TypeError: x is no cart',
    );
    expect(exitReason({ code: 1, signal: null }, 'Cart: no stock', UNCAUGHT)).to.equal(
      'exited with code 1: Cart: no stock',
    );
    expect(exitReason({ code: null, signal: 'SIGKILL' }, undefined, [])).to.equal(
      'killed by SIGKILL (out of memory?)',
    );
    expect(exitReason({ code: null, signal: 'SIGSEGV' }, undefined, [])).to.equal('killed by SIGSEGV');
    expect(exitReason('unknown', undefined, HEAP)).to.match(
      /^ended \(exit code unknown.*heap out of memory$/,
    );
  });
});
