import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Quotes } from './quotes.js';
import { OutOfStockError, type Stock, UnknownArticleError } from './stock.js';

/** A workshop's parts counter: stock levels, quotes and reservations. */
export function createApp(
  stock: Pick<Stock, 'level' | 'levels' | 'reserve'>,
  quotes: Pick<Quotes, 'quote'>,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '10kb' }));

  app.get('/stock', async (_request, response) => {
    response.json(Object.fromEntries(await stock.levels()));
  });

  app.get('/stock/:sku', async ({ params: { sku } }, response) => {
    response.json({ sku, left: await stock.level(sku) });
  });

  app.post('/quotes', async (request, response) => {
    const { quantity, sku } = article(request.body);
    response.json(await quotes.quote(sku, quantity));
  });

  app.post('/reservations', async (request, response) => {
    const { quantity, sku } = article(request.body);
    response.status(201).json(await stock.reserve(sku, quantity));
  });

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (error instanceof UnknownArticleError) {
      response.status(404).json({ error: error.message, sku: error.sku });
    } else if (error instanceof OutOfStockError) {
      response.status(409).json({ error: error.message, sku: error.sku, left: error.left });
    } else if (error instanceof RangeError) {
      response.status(400).json({ error: error.message });
    } else {
      next(error);
    }
  });
  return app;
}

function article(body: unknown): { readonly sku: string; readonly quantity: number } {
  const { quantity, sku } = { ...(body as { readonly sku?: unknown; readonly quantity?: unknown }) };
  if (typeof sku !== 'string') throw new RangeError('sku has to be the name of an article.');
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1) {
    throw new RangeError('quantity has to be a whole number of 1 at least.');
  }
  return { sku, quantity };
}
