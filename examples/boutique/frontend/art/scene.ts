/** One picture: a soft backdrop with a shadow on the ground, and the thing itself on top (SVG, 400 by 400). */
export interface Scene {
  readonly backdrop: readonly [string, string];
  /** Centre and half width of the shadow. */
  readonly shadow: { readonly x: number; readonly y: number; readonly width: number };
  readonly defs?: string;
  readonly body: string;
}

export function draw({ backdrop: [light, deep], shadow, defs = '', body }: Scene): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">
<defs>
<radialGradient id="backdrop" cx=".5" cy=".38" r=".8"><stop stop-color="${light}"/><stop offset="1" stop-color="${deep}"/></radialGradient>
<radialGradient id="shadow"><stop stop-color="#2b211a" stop-opacity=".34"/><stop offset="1" stop-color="#2b211a" stop-opacity="0"/></radialGradient>
${defs}
</defs>
<rect width="400" height="400" fill="url(#backdrop)"/>
<ellipse cx="${shadow.x}" cy="${shadow.y}" rx="${shadow.width}" ry="${Math.round(shadow.width / 7)}" fill="url(#shadow)"/>
${body}
</svg>`;
}

/** A left-to-right gradient that makes a flat shape look round. */
export function round(id: string, dark: string, light: string): string {
  return `<linearGradient id="${id}"><stop stop-color="${dark}"/><stop offset=".32" stop-color="${light}"/><stop offset="1" stop-color="${dark}"/></linearGradient>`;
}

/** A top-to-bottom gradient. */
export function fall(id: string, top: string, bottom: string): string {
  return `<linearGradient id="${id}" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient>`;
}
