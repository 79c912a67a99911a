import { createHash } from 'node:crypto';
import { pictures } from '../art/pictures.js';
import { stylesheet } from './stylesheet.js';

export interface Asset {
  readonly contentType: string;
  readonly body: string;
}

const SVG = 'image/svg+xml';

/** Without it, the button beside the selector does the same. */
const script = `document.documentElement.classList.add('js');
document.addEventListener('change', (event) => {
  if (event.target.matches('select[name=currency_code]')) event.target.form.requestSubmit();
});
`;

const chevron = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 8"><path d="M1 1.5 6 6.5 11 1.5" fill="none" stroke="#65706a" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#1f5a47"/><path d="M9 13h14l1.5 12h-17z" fill="#fbf9f4"/><path d="M12 15v-4a4 4 0 0 1 8 0v4" fill="none" stroke="#c4633d" stroke-width="2.4" stroke-linecap="round"/></svg>`;

/** Our files by path. */
export const assets: ReadonlyMap<string, Asset> = new Map<string, Asset>([
  ['/static/shop.css', { contentType: 'text/css; charset=utf-8', body: stylesheet }],
  ['/static/shop.js', { contentType: 'text/javascript; charset=utf-8', body: script }],
  ['/static/chevron.svg', { contentType: SVG, body: chevron }],
  ['/static/icon.svg', { contentType: SVG, body: icon }],
  ...[...pictures].map(
    ([name, body]) => [`/static/products/${name}.svg`, { contentType: SVG, body }] as const,
  ),
]);

const digests: ReadonlyMap<string, string> = new Map(
  [...assets].map(([path, { body }]) => [path, createHash('sha256').update(body).digest('hex').slice(0, 10)]),
);

/** The path with the digest of what is behind it, so that it can be cached for ever. */
export function assetUrl(path: string): string {
  return `${path}?v=${digests.get(path) ?? ''}`;
}

export function pictureUrl(picture: string): string {
  return assetUrl(`/static/products/${picture}.svg`);
}
