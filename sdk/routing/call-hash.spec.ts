import { expect } from 'chai';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { hashKey } from '../protocol/key-hash.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import { hashOfCall } from './call-hash.js';

describe('hashOfCall', () => {
  const method = (routing: ((...args: readonly unknown[]) => unknown) | undefined) => ({
    component: 'Cart',
    method: 'add',
    routing: routing as ((...args: readonly unknown[]) => RoutingKey) | undefined,
  });
  const refusal = (routing: (...args: readonly unknown[]) => unknown, args: readonly unknown[] = []) => {
    try {
      hashOfCall(method(routing), args, undefined);
    } catch (reason) {
      if (reason instanceof RemoteCallError) return reason;
    }
    throw new Error('it was not refused');
  };

  it('is that of the key which the routing function makes of the arguments', () => {
    expect(
      hashOfCall(
        method((user) => [user, 7]),
        ['ann'],
        undefined,
      ),
    ).to.equal(hashKey(['ann', 7]));
  });

  it('prefers the key given with the call, also for a method without routing function', () => {
    const neverAsked = () => {
      throw new Error('asked');
    };
    expect(hashOfCall(method(neverAsked), [], 'bob')).to.equal(hashKey('bob'));
    expect(hashOfCall(method(undefined), [], 9)).to.equal(hashKey(9));
  });

  it('refuses with the method, what the function did, and the mend; nothing was executed', () => {
    const thrown = refusal(() => {
      throw new TypeError('user is undefined');
    });
    expect(thrown.code).to.equal('INVALID_ARGUMENT');
    expect(thrown.executed).to.equal('no');
    expect(thrown.cause).to.be.instanceOf(TypeError);
    expect(thrown.message).to.match(
      /^Cart\.add: its routing function threw TypeError: user is undefined; make it give a key/,
    );
    expect(refusal(() => Number.NaN).message).to.match(
      /^Cart\.add: the key that its routing function gave is NaN; a key is a string/,
    );
    expect(refusal(() => undefined).message).to.match(/gave is undefined;/);
    expect(refusal(() => ({ id: () => 1 })).message).to.match(/gave has at \.id a function;/);
    expect(refusal(() => 'x'.repeat(10_000_000)).message).to.match(/gave is 10000000 characters long;/);
  });

  it('survives a key that fails when it is read', () => {
    const hostile = Object.defineProperty({}, 'id', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(refusal(() => hostile).message).to.match(/cannot be read: Error: no/);
  });
});
