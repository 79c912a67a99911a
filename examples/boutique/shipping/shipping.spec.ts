import { expect } from 'chai';
import { money, zero } from '../money/money.js';
import { Shipping, trackingId } from './shipping.js';

describe('boutique Shipping', () => {
  const shipping = new Shipping();
  const address = {
    streetAddress: '1600 Amphitheatre Parkway',
    city: 'Mountain View',
    state: 'CA',
    zipCode: '94043',
    country: 'United States',
  };

  it('quotes one price a parcel, and nothing for nothing', async () => {
    expect(await shipping.quote([])).to.deep.equal(zero('USD'));
    expect(await shipping.quote([{ productId: 'mug', quantity: 7 }], address)).to.deep.equal(
      money('USD', '8.99'),
    );
  });

  it('gives tracking ids', async () => {
    expect(await shipping.ship(address, [])).to.match(/^[A-Z]{2}-44\d{3}-22\d{7}$/);
    expect(trackingId('0123456789', () => 1)).to.equal('BB-10111-51111111');
  });
});
