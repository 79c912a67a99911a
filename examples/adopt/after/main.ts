import { component, run } from 'weaverd';
import { createApp } from '../before/app.js';
import { openingStock, tariff } from '../before/data.js';
import { Quotes } from '../before/quotes.js';
import { Stock } from '../before/stock.js';

component(Stock, { create: () => new Stock(openingStock) });
component(Quotes, { create: (ctx) => new Quotes(ctx.get(Stock), tariff) });

await run(async (app) => {
  createApp(app.get(Stock), app.get(Quotes)).listen(await app.listener('http'));
});
