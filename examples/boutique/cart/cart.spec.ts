import { expect } from 'chai';
import fc from 'fast-check';
import { contextOf } from '../testing/context-of.js';
import { rejection } from '../testing/rejection.js';
import { Cart } from './cart.js';
import { CartCache } from './cart-cache.js';
import { CartLimitError, MAX_LINES, MAX_QUANTITY } from './cart-items.js';
import { Lru } from './lru.js';

describe('boutique Cart', () => {
  const newCart = () => new Cart(contextOf(new CartCache()));

  it('adds up the same product, keeps the order, and is empty for a stranger', async () => {
    const cart = newCart();
    await cart.add('ann', { productId: 'mug', quantity: 2 });
    await cart.add('ann', { productId: 'watch', quantity: 1 });
    await cart.add('ann', { productId: 'mug', quantity: 3 });
    expect(await cart.items('ann')).to.deep.equal([
      { productId: 'mug', quantity: 5 },
      { productId: 'watch', quantity: 1 },
    ]);
    expect(await cart.items('bob')).to.deep.equal([]);
    await cart.empty('ann');
    expect(await cart.items('ann')).to.deep.equal([]);
  });

  it('loses no item to concurrent additions', async () => {
    const cart = newCart();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => cart.add('ann', { productId: `p${index % 4}`, quantity: 1 })),
    );
    expect((await cart.items('ann')).map(({ quantity }) => quantity)).to.deep.equal([5, 5, 5, 5]);
  });

  it('has bounds, and says which one was reached', async () => {
    const cart = newCart();
    await cart.add('ann', { productId: 'mug', quantity: MAX_QUANTITY });
    const tooMany = await rejection(cart.add('ann', { productId: 'mug', quantity: 1 }));
    expect(tooMany).to.be.instanceOf(CartLimitError).and.include({ limit: MAX_QUANTITY, of: 'quantity' });
    for (const quantity of [0, -1, 0.5, Number.NaN]) {
      expect(await rejection(cart.add('ann', { productId: 'jar', quantity }))).to.be.instanceOf(
        CartLimitError,
      );
    }
    for (let line = 1; line < MAX_LINES; line++)
      await cart.add('ann', { productId: `p${line}`, quantity: 1 });
    const tooLong = await rejection(cart.add('ann', { productId: 'one more', quantity: 1 }));
    expect(tooLong).to.be.instanceOf(CartLimitError).and.include({ limit: MAX_LINES, of: 'lines' });
  });
});

describe('boutique Lru', () => {
  it('never exceeds its limit and forgets the least recently used', () => {
    const lru = new Lru<string, number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    lru.get('a');
    lru.set('c', 3);
    expect([lru.get('a'), lru.get('b'), lru.get('c'), lru.size]).to.deep.equal([1, undefined, 3, 2]);
  });

  it('behaves as a list of the most recently used keys', () => {
    const key = fc.integer({ min: 0, max: 6 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key }),
      fc.record({ kind: fc.constant('get' as const), key }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const lru = new Lru<number, number>(limit);
        let recent: number[] = [];
        for (const { kind, key } of steps) {
          const known = recent.includes(key);
          if (kind === 'get') expect(lru.get(key)).to.equal(known ? key : undefined);
          if (kind === 'delete') expect(lru.delete(key)).to.equal(known);
          if (kind === 'set') lru.set(key, key);
          const others = recent.filter((other) => other !== key);
          const used = kind === 'set' || (kind === 'get' && known);
          recent = used ? [...others, key].slice(-limit) : kind === 'delete' ? others : recent;
          expect(lru.size).to.equal(recent.length);
        }
      }),
    );
  });
});
