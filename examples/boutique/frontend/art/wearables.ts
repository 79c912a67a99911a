import { fall, round, type Scene } from './scene.js';

const lens = 'M-62 -30 C-40 -44 36 -44 58 -32 C70 8 48 62 2 64 C-46 66 -72 16 -62 -30 Z';

export const sunglasses: Scene = {
  backdrop: ['#fdf3df', '#f0cf9c'],
  shadow: { x: 200, y: 292, width: 150 },
  defs: `${fall('lens', '#2d4a4f', '#7fa7a2')}${fall('gold', '#f3d693', '#b98a3a')}<clipPath id="in"><path d="${lens}"/></clipPath>`,
  body: `<g fill="none" stroke="url(#gold)" stroke-width="6" stroke-linecap="round">
<path d="M62 168 C40 160 34 150 30 128"/><path d="M338 168 C360 160 366 150 370 128"/>
<path d="M182 176 C188 160 212 160 218 176"/><path d="M160 158 C180 150 220 150 240 158"/></g>
<g transform="translate(122 200)"><path d="${lens}" fill="url(#lens)" stroke="url(#gold)" stroke-width="6"/>
<g clip-path="url(#in)"><path d="M-80 40 L20 -60 L48 -60 L-52 60 Z" fill="#fff" opacity=".16"/></g></g>
<g transform="translate(278 200) scale(-1 1)"><path d="${lens}" fill="url(#lens)" stroke="url(#gold)" stroke-width="6"/>
<g clip-path="url(#in)"><path d="M-60 50 L40 -50 L56 -50 L-40 66 Z" fill="#fff" opacity=".16"/></g></g>`,
};

export const tankTop: Scene = {
  backdrop: ['#fde9e2', '#f0b9a5'],
  shadow: { x: 200, y: 350, width: 120 },
  defs: `${round('cloth', '#c9543f', '#e8806a')}<pattern id="rib" width="9" height="9" patternUnits="userSpaceOnUse"><path d="M2 0V9" stroke="#8f3526" stroke-opacity=".16" stroke-width="2"/></pattern>`,
  body: `<path d="M146 66 C148 118 168 152 200 152 C232 152 252 118 254 66 L282 66 C280 122 288 156 312 178 L304 334 C262 348 138 348 96 334 L88 178 C112 156 120 122 118 66 Z" fill="url(#cloth)"/>
<path d="M146 66 C148 118 168 152 200 152 C232 152 252 118 254 66 L282 66 C280 122 288 156 312 178 L304 334 C262 348 138 348 96 334 L88 178 C112 156 120 122 118 66 Z" fill="url(#rib)"/>
<path d="M146 66 C148 118 168 152 200 152 C232 152 252 118 254 66" fill="none" stroke="#9c3c2b" stroke-width="7"/>
<path d="M118 66 C120 122 112 156 88 178 M282 66 C280 122 288 156 312 178" fill="none" stroke="#9c3c2b" stroke-width="6"/>
<path d="M97 320 C140 334 260 334 303 320" fill="none" stroke="#9c3c2b" stroke-width="3" stroke-dasharray="7 6"/>`,
};

const ticks = Array.from({ length: 12 }, (_, hour) => {
  const long = hour % 3 === 0;
  return `<path d="M0 -58V${long ? -44 : -51}" stroke="#6b5433" stroke-width="${long ? 5 : 3}" transform="rotate(${hour * 30})"/>`;
}).join('');

export const watch: Scene = {
  backdrop: ['#eef1ee', '#bccac2'],
  shadow: { x: 200, y: 362, width: 92 },
  defs: `${round('leather', '#5e3a22', '#96623d')}${fall('gold', '#f8e2ab', '#b3852f')}`,
  body: `<path d="M162 30 H238 L248 140 H152 Z M152 260 H248 L238 366 H162 Z" fill="url(#leather)"/>
<path d="M170 34 L161 140 M230 34 L239 140 M161 260 L170 362 M239 260 L230 362" stroke="#e9cfa8" stroke-opacity=".55" stroke-width="2" stroke-dasharray="6 5"/>
<g fill="#2d1a0e"><circle cx="200" cy="300" r="4"/><circle cx="200" cy="322" r="4"/><circle cx="200" cy="344" r="4"/></g>
<rect x="284" y="188" width="18" height="24" rx="5" fill="url(#gold)"/>
<circle cx="200" cy="200" r="90" fill="url(#gold)"/><circle cx="200" cy="200" r="76" fill="#7d5a1e"/>
<circle cx="200" cy="200" r="72" fill="#fbf5e6"/><g transform="translate(200 200)" stroke-linecap="round">${ticks}
<path d="M0 8L-26 -28" stroke="#3b2b16" stroke-width="6"/><path d="M0 8L30 -42" stroke="#3b2b16" stroke-width="4"/>
<path d="M0 14V-50" stroke="#b8452f" stroke-width="2" transform="rotate(150)"/><circle r="6" fill="#3b2b16"/></g>
<path d="M146 168 A72 72 0 0 1 214 129 L170 262 A72 72 0 0 1 146 168 Z" fill="#fff" opacity=".25"/>`,
};

const shoe = `<path d="M10 92 C6 60 16 34 40 26 C58 50 92 56 122 52 C166 46 206 62 242 80 C262 90 268 106 264 116 H14 Z" fill="url(#suede)"/>
<path d="M40 26 C58 50 92 56 122 52 C112 40 96 34 84 18 C66 16 50 18 40 26 Z" fill="#4a2c1a"/>
<path d="M118 52 C136 40 164 42 178 58 C172 78 146 82 124 74 Z" fill="url(#suede)" stroke="#5b3620" stroke-width="3"/>
<path d="M124 72 C150 84 196 78 232 84" fill="none" stroke="#e6c39a" stroke-width="2" stroke-dasharray="6 5"/>
<path d="M12 112 H266 C268 124 262 130 252 130 H26 C16 130 11 122 12 112 Z" fill="#33241a"/><path d="M14 112 H265" stroke="#d9b384" stroke-width="4"/>`;

export const loafers: Scene = {
  backdrop: ['#f1eadf', '#d3bd9c'],
  shadow: { x: 200, y: 300, width: 168 },
  defs: fall('suede', '#b07a4c', '#7d4f2d'),
  body: `<g transform="translate(98 122) scale(.96)" opacity=".96">${shoe}</g><g transform="translate(44 172)">${shoe}</g>`,
};

export const canvasTote: Scene = {
  backdrop: ['#eaf1e4', '#bfd2b1'],
  shadow: { x: 200, y: 352, width: 130 },
  defs: `${round('canvas', '#dfd0ae', '#f6ecd3')}<pattern id="weave" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 3H6M3 0V6" stroke="#a8946a" stroke-opacity=".16"/></pattern>`,
  body: `<g fill="none" stroke="#cdb98d" stroke-width="13" stroke-linecap="round"><path d="M150 160 C148 20 252 20 250 160"/></g>
<path d="M96 146 H304 L316 346 C240 354 160 354 84 346 Z" fill="url(#canvas)"/><path d="M96 146 H304 L316 346 C240 354 160 354 84 346 Z" fill="url(#weave)"/>
<path d="M95 160 H305" stroke="#b29d70" stroke-width="2" stroke-dasharray="6 5"/>
<g fill="none" stroke="#e9dbb9" stroke-width="13" stroke-linecap="round"><path d="M146 176 C144 40 256 40 254 176"/></g>
<g transform="translate(200 262)"><path d="M0 66 C-58 34 -56 -34 0 -70 C56 -34 58 34 0 66 Z" fill="#3f7a55"/><g fill="none" stroke="#e8f0df" stroke-width="4" stroke-linecap="round"><path d="M0 74 V-46 M0 34 L-26 12 M0 34 L26 12 M0 6 L-24 -16 M0 6 L24 -16 M0 -18 L-15 -32 M0 -18 L15 -32"/></g></g>`,
};
