import { createApp } from './app.js';
import { openingStock, tariff } from './data.js';
import { Quotes } from './quotes.js';
import { Stock } from './stock.js';

const stock = new Stock(openingStock);
const quotes = new Quotes(stock, tariff);

createApp(stock, quotes).listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
