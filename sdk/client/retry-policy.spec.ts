import { expect } from 'chai';
import { type Executed, RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import { decideRetry, MAX_ATTEMPTS } from './retry-policy.js';

describe('decideRetry', () => {
  const decide = (code: RemoteCallErrorCode, executed: Executed, retriable: boolean, attempt = 1) =>
    decideRetry(new RemoteCallError(code, '', { executed }), attempt, retriable);

  it('tries again what was not executed, whatever the method', () => {
    expect(decide('UNAVAILABLE', 'no', false)).to.equal('again');
    expect(decide('VERSION_MISMATCH', 'no', false)).to.equal('again');
    expect(decide('STALE_OWNER', 'no', false)).to.equal('again');
  });

  it('repeats an unknown outcome only of a method that may run twice', () => {
    expect(decide('UNKNOWN_OUTCOME', 'unknown', false)).to.equal('fail');
    expect(decide('UNKNOWN_OUTCOME', 'unknown', true)).to.equal('repeat');
    expect(decide('STALE_OWNER', 'unknown', false)).to.equal('fail');
    expect(decide('STALE_OWNER', 'unknown', true)).to.equal('repeat');
  });

  it('answers no overload with more load, and repeats nothing after its time', () => {
    for (const code of [
      'RESOURCE_EXHAUSTED',
      'DEADLINE_EXCEEDED',
      'CANCELLED',
      'INVALID_ARGUMENT',
    ] as const) {
      expect(decide(code, 'no', true), code).to.equal('fail');
    }
  });

  it('gives up after its attempts', () => {
    expect(decide('UNAVAILABLE', 'no', true, MAX_ATTEMPTS)).to.equal('fail');
  });
});
