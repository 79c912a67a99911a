import { expect } from 'chai';
import fc from 'fast-check';
import { MAX_HANDSHAKE_BODY_BYTES, PROTOCOL_VERSION } from './frame.js';
import {
  decodeHello,
  decodeRefusal,
  decodeWelcome,
  encodeHello,
  encodeRefusal,
  encodeWelcome,
  type Hello,
  type RefusalReason,
  verifyHello,
} from './handshake.js';
import { CALLEE, CALLER, TOKEN } from './spec-support.js';

const HELLO: Hello = {
  protocol: PROTOCOL_VERSION,
  caller: CALLER,
  callee: CALLEE,
  token: TOKEN,
  maxFrameBytes: 10_000,
  compression: true,
};

describe('Handshake', () => {
  it('arrives as it was sent, and carries nothing but the identity', () => {
    const identity = { ...CALLEE, token: 'secret', serveAt: 'somewhere' };
    expect(decodeHello(encodeHello(HELLO))).to.deep.equal(HELLO);
    const welcome = encodeWelcome({ ...HELLO, callee: identity });
    expect(Buffer.from(welcome).toString()).not.to.contain('secret');
    expect(decodeWelcome(welcome)).to.deep.equal({
      protocol: PROTOCOL_VERSION,
      callee: CALLEE,
      maxFrameBytes: 10_000,
      compression: true,
    });
    const refusal = { reason: 'token', message: 'no' } as const;
    expect(decodeRefusal(encodeRefusal(refusal))).to.deep.equal(refusal);
  });

  it('welcomes who is whom it should be', () => {
    expect(verifyHello(HELLO, CALLEE, TOKEN)).to.equal(undefined);
  });

  const refused: readonly (readonly [string, RefusalReason, Hello])[] = [
    ['a caller of another app', 'app', { ...HELLO, caller: { ...CALLER, app: 'other' } }],
    ['a caller of another version', 'version', { ...HELLO, caller: { ...CALLER, version: 'v2' } }],
    ['one that looks for another app', 'app', { ...HELLO, callee: { ...CALLEE, app: 'other' } }],
    ['one that looks for another version', 'version', { ...HELLO, callee: { ...CALLEE, version: 'v2' } }],
    ['one that looks for another group', 'replica', { ...HELLO, callee: { ...CALLEE, group: 'ads' } }],
    ['one that looks for another replica', 'replica', { ...HELLO, callee: { ...CALLEE, replica: 'cart-2' } }],
    [
      'one that looks for an earlier generation',
      'generation',
      { ...HELLO, callee: { ...CALLEE, generation: 6 } },
    ],
    ['one that does not know the token', 'token', { ...HELLO, token: `${TOKEN}!` }],
    [
      'one of another version that does not know the token',
      'version',
      { ...HELLO, caller: { ...CALLER, version: 'v2' }, token: '' },
    ],
  ];
  for (const [who, reason, hello] of refused) {
    it(`refuses ${who}`, () => {
      expect(verifyHello(hello, CALLEE, TOKEN)).to.have.property('reason', reason);
    });
  }

  it('tells its own names only to those who know the token', () => {
    const hello = { ...HELLO, caller: { ...CALLER, version: 'v2' } };
    expect(verifyHello(hello, CALLEE, TOKEN)?.message).to.contain('"v1"');
    expect(verifyHello({ ...hello, token: 'guess' }, CALLEE, TOKEN)?.message).not.to.contain('v1');
  });

  it('says so to a peer of another protocol, whatever else it sends', () => {
    expect(decodeHello(Buffer.from('{"protocol":1,"future":[]}'))).to.have.property('reason', 'protocol');
  });

  it('takes a peer that does not name compression as one that has none', () => {
    const { compression: _, ...older } = HELLO;
    expect(decodeHello(Buffer.from(JSON.stringify(older)))).to.have.property('compression', false);
  });

  it('keeps within its bound', () => {
    expect(() => encodeHello({ ...HELLO, token: 'x'.repeat(5_000) })).to.throw(
      RangeError,
      'use shorter names',
    );
    const message = '\u0001'.repeat(100_000);
    expect(encodeRefusal({ reason: 'app', message }).length).to.be.at.most(MAX_HANDSHAKE_BODY_BYTES);
  });

  it('gives a hello, a refusal or PROTOCOL_ERROR for any bytes', () => {
    const valid = Buffer.from(encodeHello(HELLO));
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1 })
      .map((changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    const json = fc.json().map((text) => Buffer.from(text));
    fc.assert(
      fc.property(fc.oneof(mutated, json, fc.uint8Array()), (bytes) => {
        for (const decode of [decodeHello, decodeWelcome, decodeRefusal]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).to.have.property('code', 'PROTOCOL_ERROR');
          }
        }
      }),
    );
  });
});
