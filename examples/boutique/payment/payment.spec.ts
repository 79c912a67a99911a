import { expect } from 'chai';
import fc from 'fast-check';
import { money } from '../money/money.js';
import { contextOf } from '../testing/context-of.js';
import { rejection } from '../testing/rejection.js';
import { brandOf, type CreditCard, passesLuhn } from './card.js';
import { CardDeclinedError, InvalidAmountError, Payment } from './payment.js';

const today = new Date('2026-11-21T12:00:00Z');
const card: CreditCard = {
  number: '4432-8015-6152-0454',
  expirationMonth: 11,
  expirationYear: 2026,
  cvv: '012',
};

describe('boutique Payment', () => {
  const payment = new Payment(contextOf(), () => today);
  const decline = async (changes: Partial<CreditCard>) =>
    rejection(payment.charge(money('USD', '10'), { ...card, ...changes }));

  it('charges a good card until the end of its last month, each time anew', async () => {
    const first = await payment.charge(money('EUR', '12.50'), card);
    const second = await payment.charge(money('EUR', '12.50'), card);
    expect(first).to.deep.include({ amount: money('EUR', '12.50'), brand: 'Visa', lastFour: '0454' });
    expect(first.transactionId).not.to.equal(second.transactionId);
  });

  it('declines with the reason and the last four digits', async () => {
    const cases: readonly [Partial<CreditCard>, string, string][] = [
      [{ number: '4432801561520455' }, 'invalid', '0455'],
      [{ number: 'four' }, 'invalid', 'four'],
      [{ expirationMonth: 13 }, 'invalid', '0454'],
      [{ cvv: '12' }, 'invalid', '0454'],
      [{ number: '378282246310005' }, 'not-accepted', '0005'],
      [{ expirationMonth: 10 }, 'expired', '0454'],
      [{ expirationYear: 2025, expirationMonth: 12 }, 'expired', '0454'],
    ];
    for (const [changes, reason, lastFour] of cases) {
      const error = await decline(changes);
      expect(error, JSON.stringify(changes))
        .to.be.instanceOf(CardDeclinedError)
        .and.include({ reason, lastFour });
    }
    expect(String(await decline({ number: '378282246310005' }))).to.contain('American Express');
    expect(String(await decline({ expirationMonth: 10 }))).to.contain('10/2026');
  });

  it('never says a whole card number', async () => {
    const error = await decline({ expirationYear: 2020 });
    expect(JSON.stringify(error) + String(error)).not.to.contain('5615');
  });

  it('charges no zero and no negative amount', async () => {
    for (const amount of ['0', '-5']) {
      expect(await rejection(payment.charge(money('USD', amount), card))).to.be.instanceOf(
        InvalidAmountError,
      );
    }
  });
});

describe('boutique card numbers', () => {
  it('tells the brand', () => {
    expect(
      ['4111111111111111', '5555555555554444', '2221000000000009', '378282246310005', '6011111111111117'].map(
        brandOf,
      ),
    ).to.deep.equal(['Visa', 'Mastercard', 'Mastercard', 'American Express', 'Discover']);
    expect(['30569309025904', '3530111333300000', '9999'].map(brandOf)).to.deep.equal([
      'Diners Club',
      'JCB',
      'unknown',
    ]);
  });

  it('finds any single wrong digit', () => {
    const position = fc.integer({ min: 0, max: 15 });
    fc.assert(
      fc.property(position, fc.integer({ min: 1, max: 9 }), (index, shift) => {
        const digits = [...'4111111111111111'].map(Number);
        digits[index] = ((digits[index] ?? 0) + shift) % 10;
        expect(passesLuhn(digits.join(''))).to.equal(false);
      }),
    );
  });
});
