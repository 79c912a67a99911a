import { expect } from 'chai';
import fc from 'fast-check';
import { type Grant, ReceiveWindow, SendCredit } from './flow-control.js';

describe('Flow control of streams', () => {
  it('bounds the sender, never accuses an honest one, and never comes to a halt', () => {
    const window = fc.record({
      items: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 257, max: 600 })),
      bytes: fc.integer({ min: 1, max: 200 }),
    });
    const moves = fc.array(fc.constantFrom('send', 'consume', 'starve', 'deliver'), { maxLength: 300 });
    fc.assert(
      fc.property(
        window,
        fc.array(fc.nat(300), { minLength: 1 }),
        moves,
        ({ items, bytes }, sizes, steps) => {
          const reader = new ReceiveWindow({ items, bytes });
          const sender = new SendCredit(reader.first.items, reader.first.bytes);
          const held: number[] = [];
          const grants: Grant[] = [];
          let sent = 0;
          const move = {
            send() {
              if (!sender.available) return;
              const size = sizes[sent++ % sizes.length] ?? 0;
              sender.spend(size);
              expect(reader.arrived(size)).to.equal(true);
              held.push(size);
            },
            consume() {
              const size = held.shift();
              const grant = size === undefined ? undefined : reader.consumed(size);
              if (grant !== undefined) grants.push(grant);
            },
            starve() {
              if (held.length === 0) reader.starved();
            },
            deliver() {
              const grant = grants.shift();
              if (grant !== undefined) sender.grant(grant.items, grant.bytes);
            },
          };
          for (const step of steps) {
            move[step as keyof typeof move]();
            expect(held.length).to.be.at.most(items);
            expect(held.slice(0, -1).reduce((sum, size) => sum + size, 0)).to.be.below(bytes);
          }
          while (held.length > 0) move.consume();
          while (grants.length > 0) move.deliver();
          expect(sender.available, 'may send when all is consumed').to.equal(true);
        },
      ),
    );
  });

  it('finds out a sender that takes more than its credit', () => {
    const byItems = new ReceiveWindow({ items: 2, bytes: 100 });
    expect([byItems.arrived(1), byItems.arrived(1), byItems.arrived(1)]).to.deep.equal([true, true, false]);
    const byBytes = new ReceiveWindow({ items: 20, bytes: 100 });
    expect([byBytes.arrived(99), byBytes.arrived(1_000), byBytes.arrived(0)]).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it('begins with a part of the window, and gives more to a reader that has to wait for items', () => {
    const starving = new ReceiveWindow({ items: 1000, bytes: 1e6 });
    const slow = new ReceiveWindow({ items: 1000, bytes: 1e6 });
    const held = { starving: starving.first.items, slow: slow.first.items };
    expect(held).to.deep.equal({ starving: 256, slow: 256 });
    for (let i = 0; i < 5_000; i++) {
      starving.starved();
      for (const [name, window] of [['starving', starving] as const, ['slow', slow] as const]) {
        expect(window.arrived(1)).to.equal(true);
        held[name] += (window.consumed(1)?.items ?? 0) - 1;
        expect(held[name]).to.be.within(1, name === 'slow' ? 256 : 1000);
      }
    }
    expect(held.starving).to.be.above(499);
  });

  it('refuses credit without end', () => {
    const credit = new SendCredit(1, 1);
    expect(credit.grant(2 ** 32 - 2, 0)).to.equal(true);
    expect(credit.grant(1, 0)).to.equal(false);
  });
});
