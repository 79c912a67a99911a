import { expect } from 'chai';
import { type Browser, chromium } from 'playwright-core';
import { type RunningShop, shopUnderDaemon } from './support/running-shop.js';

const BROWSER = '/usr/bin/chromium-headless-shell';

describe('the boutique in a browser', function () {
  this.timeout(120_000);
  let shop: RunningShop;
  let browser: Browser;

  before(async () => {
    [shop, browser] = await Promise.all([
      shopUnderDaemon('examples/boutique'),
      chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox', '--disable-quic'] }),
    ]);
  });

  after(async () => {
    await browser?.close();
    await shop?.stop();
  });

  it('lets a person shop: look, add to the cart, order', async () => {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('response', (response) => {
      if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(shop.url);
    await page.getByText('Sunglasses').first().click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).to.contain('Sunglasses');
    await page.getByRole('button', { name: /add to cart/i }).click();
    expect(await page.locator('body').textContent()).to.match(/Sunglasses[\s\S]*Place order/i);
    await page.getByRole('button', { name: /place order/i }).click();
    expect(await page.locator('body').textContent())
      .to.match(/order/i)
      .and.to.match(/[A-Z]{2}-\d+-\d+/);
    expect(failures).to.deep.equal([]);
  });
});
