import { isNativeError } from 'node:util/types';
import { expect } from 'chai';
import { bindClass, type CompiledError } from '../../sdk/codec/compiled.js';
import { Reader } from '../../sdk/codec/reader.js';
import type { Definition } from '../../sdk/codec/shape.js';
import { MessageTooLarge } from '../../sdk/codec/violations.js';
import { Writer } from '../../sdk/codec/writer.js';
import {
  appOf,
  codecOf,
  evaluate,
  field,
  literals,
  NULL,
  NUMBER,
  reference,
  STRING,
  union,
  written,
} from './compile.spec.js';
import { generateCompiledApp } from './generate.js';

class OutOfStock extends Error {
  override readonly name = 'OutOfStock';
  constructor(
    readonly product: string,
    readonly left: number | null,
    options?: ErrorOptions,
  ) {
    super(`no ${product}`, options);
  }
}

const DEFINITION: Definition = {
  kind: 'error',
  classId: 'errors#OutOfStock',
  fields: [
    field('name', literals('OutOfStock')),
    field('product', STRING),
    field('left', union(NUMBER, NULL)),
  ],
};

describe('generated codecs of errors', () => {
  before(() => bindClass('errors#OutOfStock', OutOfStock));

  describe('as values', () => {
    const codec = codecOf(reference('E'), { E: DEFINITION });
    const roundTrip = (error: unknown): OutOfStock => codec.roundTrip(error) as OutOfStock;

    it('revive the class, message, name, stack and fields', () => {
      const sent = new OutOfStock('tea', null);
      const arrived = roundTrip(sent);
      expect(arrived).to.be.instanceOf(OutOfStock);
      expect(isNativeError(arrived)).to.equal(true);
      expect(arrived).to.include({
        message: 'no tea',
        name: 'OutOfStock',
        stack: sent.stack,
        product: 'tea',
        left: null,
      });
      expect(arrived).to.not.have.own.property('cause');
    });

    it('carry the chain of causes, as far as it can be told', () => {
      const cause = new TypeError('inner', { cause: 'plain text' });
      const arrived = roundTrip(new OutOfStock('tea', 1, { cause })).cause as Error;
      expect(arrived).to.be.instanceOf(TypeError);
      expect(arrived).to.include({ message: 'inner', stack: cause.stack, cause: 'plain text' });
      expect(roundTrip(new OutOfStock('tea', 1, { cause: { code: 1 } })).cause).to.equal('[object Object]');
      const unprintable = {
        toString() {
          throw new Error('no');
        },
      };
      expect(roundTrip(new OutOfStock('tea', 1, { cause: unprintable })).cause).to.equal(
        'a value that has no text',
      );
    });

    it('end a chain of causes that goes round', () => {
      const error = new OutOfStock('tea', 1);
      error.cause = error;
      let causes = 0;
      for (let cause = roundTrip(error).cause; cause instanceof Error; cause = cause.cause) causes++;
      expect(causes).to.equal(8);
    });

    it('check the fields, and that it is an error', () => {
      expect(() => codec.encode(new OutOfStock('tea', 'one' as unknown as number))).to.throw(
        'left: expected null | number',
      );
      expect(() => codec.encode({ message: 'm', product: 'tea', left: 1 })).to.throw(
        'expected E, got an object',
      );
    });
  });

  describe('as thrown', () => {
    const app = appOf({}, { E: DEFINITION });
    const compiled = evaluate(generateCompiledApp(app)).errors[0] as CompiledError;
    const send = (error: Error): Error => {
      const arrived = new Error('arrived');
      compiled.decodeFields(new Reader(written((writer) => compiled.encodeFields(writer, error))), arrived);
      return arrived;
    };

    it('carry the declared fields only', () => {
      expect(compiled.classId).to.equal('errors#OutOfStock');
      const sent = Object.assign(new OutOfStock('tea', null), { extra: 1 });
      expect({ ...send(sent) }).to.deep.equal({ name: 'OutOfStock', product: 'tea', left: null });
    });

    it('leave out a field that breaks its type, or throws, and keep the others', () => {
      const broken = new OutOfStock({ toString: () => 'tea' } as unknown as string, 3);
      expect({ ...send(broken) }).to.deep.equal({ name: 'OutOfStock', left: 3 });
      const throwing = new OutOfStock('tea', 3);
      Object.defineProperty(throwing, 'left', {
        get() {
          throw new RangeError('no');
        },
      });
      expect({ ...send(throwing) }).to.deep.equal({ name: 'OutOfStock', product: 'tea' });
    });

    it('do not hide that the message is too large', () => {
      const sent = new OutOfStock('x'.repeat(1000), 1);
      expect(() => compiled.encodeFields(new Writer(100), sent)).to.throw(MessageTooLarge);
    });
  });
});
