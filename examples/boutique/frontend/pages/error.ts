import { type Html, html } from '../../html/html.js';
import type { Failure } from '../failure.js';
import { type Frame, layout } from './layout.js';

/** `reference` finds the failure in the logs and traces. */
export function errorPage(
  frame: Frame,
  { detail, status, title }: Failure,
  reference: string | undefined,
): Html {
  return layout(
    title,
    frame,
    html`<section class="wrap"><div class="center">
<div class="status">${status}</div><h1>${title}</h1><p>${detail}</p>
<a class="button" href="/">To the shop</a> <a class="button plain" href="/cart">To your cart</a>
${reference !== undefined && html`<p class="note">Reference ${reference}</p>`}
</div></section>`,
  );
}
