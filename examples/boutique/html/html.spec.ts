import { expect } from 'chai';
import fc from 'fast-check';
import { escapeHtml, html } from './html.js';

describe('boutique html', () => {
  it('escapes values and keeps markup', () => {
    const name = '<script>alert("x")</script>';
    expect(String(html`<p title="${name}">${[html`<b>${name}</b>`, 3, false, null]}</p>`)).to.equal(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;">' +
        '<b>&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;</b>3</p>',
    );
  });

  it('lets no value out of a quoted attribute or a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.to.match(/[<>"'`]/);
      }),
    );
  });
});
