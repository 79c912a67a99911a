import { expect } from 'chai';
import fc from 'fast-check';
import { divideHalfEven, exchange, parseDecimal } from './exchange.js';
import { formatMoney } from './format.js';
import { add, fromNanos, isValid, type Money, MoneyError, money, multiply, sum, toNanos } from './money.js';

const nanos = fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n });
const usd = nanos.map((value) => fromNanos('USD', value));
const rate = fc
  .tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.integer({ min: 0, max: 6 }))
  .map(([value, scale]) => ({ value: BigInt(value), scale }));

describe('boutique money', () => {
  it('is billionths and back, always valid', () => {
    fc.assert(
      fc.property(nanos, (value) => {
        const amount = fromNanos('USD', value);
        expect(isValid(amount)).to.equal(true);
        expect(toNanos(amount)).to.equal(value);
      }),
    );
  });

  it('adds exactly: commutative, associative, with an inverse', () => {
    fc.assert(
      fc.property(usd, usd, usd, (a, b, c) => {
        expect(add(a, b)).to.deep.equal(add(b, a));
        expect(add(add(a, b), c)).to.deep.equal(add(a, add(b, c)));
        expect(add(a, multiply(a, -1))).to.deep.include({ units: 0 });
        expect(toNanos(add(a, multiply(a, -1)))).to.equal(0n);
      }),
    );
  });

  it('multiplies as adding that many times', () => {
    fc.assert(
      fc.property(usd, fc.integer({ min: 0, max: 50 }), (amount, times) => {
        expect(toNanos(multiply(amount, times))).to.equal(
          toNanos(
            sum(
              'USD',
              Array.from({ length: times }, () => amount),
            ),
          ),
        );
      }),
    );
  });

  it('refuses different currencies, broken amounts and overflow by name', () => {
    expect(() => add(money('USD', '1'), money('EUR', '1'))).to.throw(MoneyError, 'convert one of them');
    const broken: Money[] = [
      { currencyCode: 'USD', units: 1, nanos: -1 },
      { currencyCode: 'USD', units: 0.5, nanos: 0 },
      { currencyCode: 'USD', units: 0, nanos: 1_000_000_000 },
      { currencyCode: 'USD', units: Number.NaN, nanos: 0 },
    ];
    for (const amount of broken) expect(() => add(amount, amount)).to.throw(MoneyError, 'not a valid amount');
    expect(() => multiply(money('USD', '999999999999999'), 1000)).to.throw(MoneyError, 'out of range');
    expect(() => multiply(money('USD', '1'), 0.5)).to.throw(MoneyError, 'multiply');
    expect(() => money('USD', '1e3')).to.throw(MoneyError, 'not a decimal');
  });

  it('reads decimals', () => {
    expect(money('USD', '8.99')).to.deep.equal({ currencyCode: 'USD', units: 8, nanos: 990_000_000 });
    expect(money('USD', '-1.75')).to.deep.equal({ currencyCode: 'USD', units: -1, nanos: -750_000_000 });
  });

  it('exchanges with an error of half the smallest unit at most', () => {
    fc.assert(
      fc.property(usd, rate, rate, fc.constantFrom('EUR', 'JPY'), (amount, from, to, code) => {
        const step = code === 'JPY' ? 10n ** 9n : 10n ** 7n;
        fc.pre(toNanos(amount) * to.value < 10n ** 24n && toNanos(amount) * to.value > -(10n ** 24n));
        let converted: Money;
        try {
          converted = exchange(amount, from, code, to);
        } catch (error) {
          expect(error).to.be.instanceOf(MoneyError);
          return;
        }
        expect(toNanos(converted) % step).to.equal(0n);
        const exact = toNanos(amount) * to.value * 10n ** BigInt(from.scale);
        const given = toNanos(converted) * from.value * 10n ** BigInt(to.scale);
        const off = exact > given ? exact - given : given - exact;
        expect(off * 2n <= step * from.value * 10n ** BigInt(to.scale)).to.equal(true);
      }),
    );
  });

  it('rounds half to even', () => {
    expect([5n, 15n, 25n, -5n, -15n, 14n, 16n].map((n) => divideHalfEven(n, 10n))).to.deep.equal([
      0n,
      2n,
      2n,
      0n,
      -2n,
      1n,
      2n,
    ]);
  });

  it('converts dollars to yen at the reference rates', () => {
    const yen = exchange(money('USD', '19.99'), parseDecimal('1.1611'), 'JPY', parseDecimal('177.40'));
    expect(formatMoney(yen)).to.equal('¥3,054');
  });

  it('formats amounts as a shop does', () => {
    expect(formatMoney(money('USD', '1299.5'))).to.equal('$1,299.50');
    expect(formatMoney(money('EUR', '0.05'))).to.equal('€0.05');
    expect(formatMoney(money('USD', '-1.75'))).to.equal('-$1.75');
    expect(formatMoney(money('CAD', '1234567'))).to.equal('CA$1,234,567.00');
    expect(formatMoney(money('CHF', '3'))).to.equal('CHF 3.00');
  });
});
