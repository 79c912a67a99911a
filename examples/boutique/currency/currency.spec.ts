import { expect } from 'chai';
import { formatMoney } from '../money/format.js';
import { money } from '../money/money.js';
import { rejection } from '../testing/rejection.js';
import { Currency, UnsupportedCurrencyError } from './currency.js';

describe('boutique Currency', () => {
  const currency = new Currency();

  it('converts by way of the euro', async () => {
    expect(formatMoney(await currency.convert(money('EUR', '10'), 'USD'))).to.equal('$11.61');
    expect(formatMoney(await currency.convert(money('USD', '11.611'), 'EUR'))).to.equal('€10.00');
    expect(formatMoney(await currency.convert(money('USD', '89.99'), 'GBP'))).to.equal('£67.30');
  });

  it('leaves an amount in its own currency as it is', async () => {
    expect(await currency.convert(money('USD', '19.99'), 'USD')).to.deep.equal(money('USD', '19.99'));
  });

  it('names a currency without a rate', async () => {
    const error = await rejection(currency.convert(money('USD', '1'), 'XXX'));
    expect(error).to.be.instanceOf(UnsupportedCurrencyError);
    expect(error).to.include({ currencyCode: 'XXX' });
  });

  it('lists its codes', async () => {
    expect(await currency.supported()).to.include.members(['EUR', 'USD', 'JPY', 'GBP', 'CAD', 'TRY']);
  });
});
