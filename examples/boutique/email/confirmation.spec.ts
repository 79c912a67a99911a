import { expect } from 'chai';
import { money } from '../money/money.js';
import { confirmation } from './confirmation.js';

describe('boutique confirmation email', () => {
  const { subject, text, html } = confirmation('ann@example.com', {
    orderId: '0b1c2d3e-0000-4000-8000-000000000000',
    trackingId: 'QF-44123-221234567',
    transactionId: 't-1',
    cardBrand: 'Visa',
    cardLastFour: '0454',
    lines: [
      {
        productId: 'mug',
        name: 'Salt & <Pepper>',
        quantity: 2,
        price: money('EUR', '7.74'),
        total: money('EUR', '15.48'),
      },
    ],
    shippingCost: money('EUR', '7.74'),
    total: money('EUR', '23.22'),
    address: {
      streetAddress: '1 <b>Main</b> St',
      city: 'Springfield',
      state: 'IL',
      zipCode: '62701',
      country: 'United States',
    },
  });

  it('says what was bought, for how much, and where it goes', () => {
    expect(subject).to.contain('0b1c2d3e');
    for (const part of [
      '2 × Salt & <Pepper>: €15.48',
      'Shipping: €7.74',
      'Total: €23.22',
      'QF-44123-221234567',
    ]) {
      expect(text).to.contain(part);
    }
    expect(text).to.contain('62701 Springfield');
  });

  it('escapes what customers typed', () => {
    expect(html).to.contain('Salt &amp; &lt;Pepper&gt;').and.contain('1 &lt;b&gt;Main&lt;/b&gt; St');
    expect(html).not.to.contain('<b>Main');
  });
});
