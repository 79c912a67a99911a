import { run } from 'weaverd';
import './ads/ads.js';
import './cart/cart.js';
import './cart/cart-cache.js';
import './catalog/product-catalog.js';
import './checkout/checkout.js';
import './currency/currency.js';
import './email/email.js';
import './frontend/frontend.js';
import './payment/payment.js';
import './recommendations/recommendations.js';
import './shipping/shipping.js';

await run();
