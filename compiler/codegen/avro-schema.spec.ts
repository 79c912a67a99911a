import { expect } from 'chai';
import { avroSchemas } from './avro-schema.js';
import {
  appOf,
  field,
  literals,
  NULL,
  NUMBER,
  object,
  parameter,
  reference,
  STRING,
  UNDEFINED,
  union,
} from './compile.spec.js';

function resultSchema(...of: Parameters<typeof appOf>): unknown {
  return avroSchemas(appOf(...of)).Cart?.addItem?.result;
}

describe('avroSchemas', () => {
  it('describes the arguments of a method as one record, and is JSON', () => {
    const schemas = avroSchemas(
      appOf(
        {
          parameters: [
            parameter('item', reference('Item')),
            parameter('count', NUMBER, 'optional'),
            parameter('tags', STRING, 'rest'),
          ],
          streaming: true,
        },
        {
          Item: object([
            field('product-id', STRING),
            field('added', { kind: 'date' }),
            field('parent', reference('Item'), true),
          ]),
        },
      ),
    );
    expect(JSON.parse(JSON.stringify(schemas))).to.deep.equal({
      Cart: {
        addItem: {
          streaming: true,
          result: 'null',
          arguments: {
            type: 'record',
            name: 'Cart_addItem_arguments',
            fields: [
              {
                name: 'item',
                type: {
                  type: 'record',
                  name: 'Item',
                  fields: [
                    { name: 'product_id', type: 'string', originalName: 'product-id' },
                    { name: 'added', type: { type: 'long', logicalType: 'timestamp-millis' } },
                    { name: 'parent', type: ['null', 'Item'], default: null },
                  ],
                },
              },
              { name: 'count', type: ['null', 'double'], default: null },
              { name: 'tags', type: { type: 'array', items: 'string' } },
            ],
          },
        },
      },
    });
  });

  it('keeps the values of an enum that are no symbols', () => {
    expect(resultSchema({ result: literals('ok', 'not-ok', 1, true, 'true') })).to.deep.equal({
      type: 'enum',
      name: 'Cart_addItem_result',
      symbols: ['ok', 'not_ok', '_1', 'true', 'true_2'],
      values: ['ok', 'not-ok', 1, true, 'true'],
    });
    expect(resultSchema({ result: literals('ok') })).to.not.have.property('values');
  });

  it('tells null and undefined apart only where both can be', () => {
    expect(resultSchema({ result: union(STRING, UNDEFINED) })).to.deep.equal(['null', 'string']);
    expect(resultSchema({ result: union(UNDEFINED, STRING, NULL) })).to.deep.equal([
      'null',
      { type: 'enum', name: 'Undefined', symbols: ['Undefined'] },
      'string',
    ]);
  });

  it('wraps branches of one unnamed type', () => {
    const wrapped = (name: string, type: unknown): object => ({
      type: 'record',
      name,
      fields: [{ name: 'value', type }],
    });
    const arrays = union(
      { kind: 'array', items: NUMBER },
      { kind: 'set', items: STRING },
      { kind: 'bigint' },
    );
    expect(resultSchema({ result: arrays })).to.deep.equal([
      wrapped('Cart_addItem_result_array', { type: 'array', items: 'double' }),
      wrapped('Cart_addItem_result_set', { type: 'array', items: 'string' }),
      { type: 'bytes', logicalType: 'bigint' },
    ]);
  });

  it('gives items without content a branch of one byte', () => {
    expect(resultSchema({ result: { kind: 'array', items: NULL } })).to.deep.equal({
      type: 'array',
      items: ['null'],
    });
  });

  it('refuses a reference to what is not defined', () => {
    expect(() => resultSchema({ result: reference('Missing') })).to.throw(
      'Missing is referred to but not defined',
    );
  });
});
