import type { Tariff } from './quotes.js';

export const openingStock: Readonly<Record<string, number>> = { bolt: 500, gear: 40, spring: 3 };

export const tariff: Tariff = { prices: { bolt: 12, gear: 1450, spring: 320 }, bulk: 10, discount: 15 };
