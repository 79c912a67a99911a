import { type Context, component } from 'weaverd';
import type { Order } from '../checkout/order.js';
import { confirmation } from './confirmation.js';

export class Email {
  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Writes the confirmation and sends it (it pretends to: the message goes to the log). */
  async sendConfirmation(to: string, order: Order): Promise<void> {
    const { subject, text, html } = confirmation(to, order);
    this.#ctx.log.info({ to, subject, text, htmlLength: html.length }, 'confirmation sent');
  }
}

component(Email, { retry: { sendConfirmation: true } });
