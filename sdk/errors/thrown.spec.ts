import { expect } from 'chai';
import fc from 'fast-check';
import { bindClass, type CompiledError } from '../codec/compiled.js';
import { Reader } from '../codec/reader.js';
import { MalformedInput } from '../codec/violations.js';
import { Writer } from '../codec/writer.js';
import { RemoteCallError } from './remote-call-error.js';
import { ThrownCodec } from './thrown.js';

class CardDeclined extends Error {
  override readonly name = 'CardDeclined';
  constructor(
    message: string,
    readonly lastDigits: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
  get masked() {
    return `**** ${this.lastDigits}`;
  }
}

const compiled: CompiledError = {
  classId: 'payment.ts:CardDeclined',
  encodeFields: (writer, error) => writer.writeString((error as CardDeclined).lastDigits),
  decodeFields: (reader, error) => {
    Object.assign(error, { name: 'CardDeclined', lastDigits: reader.readString() });
  },
};

describe('ThrownCodec', () => {
  before(() => bindClass(compiled.classId, CardDeclined));

  const codec = new ThrownCodec([compiled]);
  function travelled(thrown: unknown): unknown {
    const writer = new Writer();
    codec.encode(writer, thrown);
    const reader = new Reader(writer.bytes, 0, writer.position);
    const arrived = codec.decode(reader);
    reader.finish();
    return arrived;
  }

  it('revives a declared class with its fields, its message, its stack and its cause', () => {
    const thrown = new CardDeclined('declined', '4242', { cause: new RangeError('limit') });
    const arrived = travelled(thrown) as CardDeclined;
    expect(arrived).to.be.instanceOf(CardDeclined);
    expect(arrived.message).to.equal('declined');
    expect(arrived.masked).to.equal('**** 4242');
    expect(arrived.stack).to.equal(thrown.stack);
    expect(arrived.cause).to.be.instanceOf(RangeError);
    expect((arrived.cause as Error).message).to.equal('limit');
  });

  it('revives built-in errors as themselves, with the fields JSON can express', () => {
    const arrived = travelled(Object.assign(new TypeError('no'), { code: 'E_NO', info: { at: 3 } }));
    expect(arrived).to.be.instanceOf(TypeError);
    expect(arrived).to.include({ message: 'no', code: 'E_NO' });
    expect((arrived as { info?: unknown }).info).to.deep.equal({ at: 3 });
  });

  it('keeps the errors of an AggregateError', () => {
    const arrived = travelled(
      new AggregateError([new Error('a'), new CardDeclined('b', '1')], 'both'),
    ) as AggregateError;
    expect(arrived).to.be.instanceOf(AggregateError);
    expect(arrived.errors.map((error: Error) => error.message)).to.deep.equal(['a', 'b']);
    expect(arrived.errors[1]).to.be.instanceOf(CardDeclined);
  });

  it('names an unknown class', () => {
    class Unbound extends Error {
      override name = 'Unbound';
    }
    const arrived = travelled(new Unbound('x')) as Error;
    expect(arrived).to.be.instanceOf(Error);
    expect(arrived.name).to.equal('Unbound');
  });

  it("passes on the runtime's own error, with what it says of the execution", () => {
    const thrown = new RemoteCallError('UNAVAILABLE', 'gone', {
      component: 'Cart',
      method: 'items',
      executed: 'no',
    });
    const arrived = travelled(thrown) as RemoteCallError;
    expect(arrived).to.be.instanceOf(RemoteCallError);
    expect(arrived).to.include({
      code: 'UNAVAILABLE',
      component: 'Cart',
      method: 'items',
      executed: 'no',
      message: thrown.message,
    });
  });

  it('carries thrown values that are no errors, and cycles as text', () => {
    expect(travelled('oops')).to.equal('oops');
    expect(travelled(undefined)).to.equal(null);
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(travelled(cycle)).to.be.a('string');
  });

  it('bounds a chain of causes, even an endless one', () => {
    const endless = new Error('loop');
    endless.cause = endless;
    expect((travelled(endless) as Error).message).to.equal('loop');
  });

  it('reads arbitrary bytes as a value or as MalformedInput', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          codec.decode(new Reader(Buffer.from(bytes)));
        } catch (reason) {
          expect(reason).to.be.instanceOf(MalformedInput);
        }
      }),
    );
  });
});
