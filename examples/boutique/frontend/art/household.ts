import { fall, round, type Scene } from './scene.js';

export const hairdryer: Scene = {
  backdrop: ['#fce8ee', '#eab4c6'],
  shadow: { x: 196, y: 346, width: 112 },
  defs: `${fall('shell', '#f58fae', '#cc5079')}${round('grip', '#b94169', '#e77398')}${fall('steel', '#5a5661', '#2c2a31')}`,
  body: `<path d="M188 322 C196 372 262 352 286 372 S340 364 346 344" fill="none" stroke="#3a3740" stroke-width="7" stroke-linecap="round"/>
<path d="M176 196 L236 196 L220 318 C218 334 180 334 178 318 Z" fill="url(#grip)"/><rect x="186" y="228" width="26" height="44" rx="10" fill="#fff" opacity=".85"/><rect x="192" y="234" width="14" height="14" rx="5" fill="#cc5079"/>
<path d="M88 106 L262 86 C322 84 340 122 340 150 C340 180 320 216 262 212 L88 192 Z" fill="url(#shell)"/>
<path d="M88 106 L52 100 C44 130 44 168 52 198 L88 192 Z" fill="url(#steel)"/>
<path d="M96 122 L256 104 C282 102 300 110 308 122 C270 116 160 128 96 142 Z" fill="#fff" opacity=".35"/>
<circle cx="288" cy="150" r="36" fill="#b13d66"/><g stroke="#f7a9c0" stroke-width="4" stroke-linecap="round"><path d="M266 140H310M262 150H314M266 160H310"/></g>
<g fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round" opacity=".8"><path d="M38 122 H14 M36 150 H2 M38 178 H14"/></g>`,
};

export const candleHolder: Scene = {
  backdrop: ['#46535c', '#232c33'],
  shadow: { x: 200, y: 358, width: 120 },
  defs: `${round('brass', '#94692a', '#f2cf83')}${round('wax', '#e3d5bb', '#fffaf0')}<radialGradient id="glow"><stop stop-color="#ffd98a" stop-opacity=".75"/><stop offset="1" stop-color="#ffd98a" stop-opacity="0"/></radialGradient>`,
  body: `<circle cx="200" cy="84" r="130" fill="url(#glow)"/>
<path d="M200 34 C222 66 222 96 200 100 C178 96 178 66 200 34 Z" fill="#ffb545"/><path d="M200 60 C210 78 210 94 200 98 C190 94 190 78 200 60 Z" fill="#fff3c4"/>
<path d="M200 92V112" stroke="#43301a" stroke-width="4"/><rect x="180" y="106" width="40" height="114" rx="5" fill="url(#wax)"/><path d="M180 112 C184 128 190 118 194 136 C198 120 206 124 210 114 L220 110 V106 H180 Z" fill="#fffdf6"/>
<path d="M168 214 H232 V226 C232 236 220 236 218 246 L214 262 C236 268 236 282 214 288 L218 310 C246 322 284 328 290 344 C292 360 108 360 110 344 C116 328 154 322 182 310 L186 288 C164 282 164 268 186 262 L182 246 C180 236 168 236 168 226 Z" fill="url(#brass)"/>
<ellipse cx="200" cy="216" rx="32" ry="6" fill="#7a5520"/><path d="M112 344 C150 356 250 356 288 344" fill="none" stroke="#fff" stroke-opacity=".4" stroke-width="3"/>`,
};

const shaker = 'M-46 118 C-58 40 -38 -10 -30 -60 H30 C38 -10 58 40 46 118 C30 128 -30 128 -46 118 Z';
const cap = 'M-32 -58 C-30 -104 30 -104 32 -58 C16 -50 -16 -50 -32 -58 Z';
const holes =
  '<circle cx="0" cy="-84" r="3.5"/><circle cx="-13" cy="-76" r="3.5"/><circle cx="13" cy="-76" r="3.5"/><circle cx="0" cy="-70" r="3.5"/>';

export const saltAndPepperShakers: Scene = {
  backdrop: ['#e5eef3', '#a9c2cf'],
  shadow: { x: 202, y: 326, width: 142 },
  defs: `${round('light', '#d8d3c8', '#fffdf8')}${round('dark', '#23282b', '#5d676c')}${round('cork', '#9b7243', '#cfa673')}`,
  body: `<g transform="translate(262 198) scale(1.02)"><path d="${shaker}" fill="url(#dark)"/><path d="${cap}" fill="url(#cork)"/><g fill="#4a3319">${holes}</g><text y="66" font-family="Georgia,serif" font-size="52" fill="#f4efe4" text-anchor="middle">P</text></g>
<g transform="translate(146 210) scale(1.02)"><path d="${shaker}" fill="url(#light)"/><path d="${cap}" fill="url(#cork)"/><g fill="#4a3319">${holes}</g><text y="66" font-family="Georgia,serif" font-size="52" fill="#4b5458" text-anchor="middle">S</text></g>`,
};

const pasta = Array.from({ length: 13 }, (_, index) => {
  const x = 134 + index * 11;
  return `<path d="M${x} 330 L${x + ((index * 7) % 11) - 5} ${158 + ((index * 5) % 4) * 9}" stroke="${index % 2 ? '#e9b64d' : '#f4cb6d'}"/>`;
}).join('');

export const bambooGlassJar: Scene = {
  backdrop: ['#eef3e6', '#c5d3ab'],
  shadow: { x: 200, y: 350, width: 118 },
  defs: `${round('bamboo', '#b98a4c', '#e9c88d')}<linearGradient id="glass"><stop stop-color="#fff" stop-opacity=".65"/><stop offset=".2" stop-color="#fff" stop-opacity=".12"/><stop offset=".8" stop-color="#dfeee9" stop-opacity=".2"/><stop offset="1" stop-color="#fff" stop-opacity=".6"/></linearGradient>`,
  body: `<g stroke-width="8" stroke-linecap="round">${pasta}</g>
<path d="M126 120 H274 C294 128 298 146 298 166 V320 C298 342 284 350 264 350 H136 C116 350 102 342 102 320 V166 C102 146 106 128 126 120 Z" fill="url(#glass)" stroke="#fff" stroke-opacity=".85" stroke-width="4"/>
<path d="M120 168 V312" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".7"/><path d="M278 190 V250" stroke="#fff" stroke-width="5" stroke-linecap="round" opacity=".5"/>
<rect x="122" y="106" width="156" height="16" rx="6" fill="#f3efe6"/><rect x="112" y="58" width="176" height="52" rx="12" fill="url(#bamboo)"/>
<path d="M114 76 H286 M114 92 H286" stroke="#966a30" stroke-opacity=".35" stroke-width="2"/><path d="M150 60 V108 M236 60 V108" stroke="#966a30" stroke-opacity=".4" stroke-width="3"/>`,
};

export const mug: Scene = {
  backdrop: ['#fdf1d2', '#ecc56a'],
  shadow: { x: 190, y: 322, width: 138 },
  defs: round('glaze', '#d9d2c6', '#ffffff'),
  body: `<g fill="none" stroke="#fff" stroke-width="7" stroke-linecap="round" opacity=".75"><path d="M160 96 C146 78 174 66 160 44 M212 96 C198 78 226 66 212 44"/></g>
<path d="M276 168 C350 150 356 272 262 276" fill="none" stroke="#cfc7ba" stroke-width="24"/><path d="M276 166 C344 150 350 266 262 270" fill="none" stroke="#fbf8f2" stroke-width="15"/>
<path d="M90 138 H286 C288 216 278 282 260 312 C246 328 130 328 116 312 C98 282 88 216 90 138 Z" fill="url(#glaze)"/>
<ellipse cx="188" cy="138" rx="98" ry="27" fill="#fdfbf7"/><ellipse cx="188" cy="139" rx="88" ry="22" fill="#d99b1c"/><path d="M104 145 C130 164 246 164 272 145 C262 130 114 130 104 145 Z" fill="#4a2a16"/><path d="M122 146 C140 154 180 156 200 155" fill="none" stroke="#9a6b45" stroke-width="3" stroke-linecap="round"/>`,
};

export const deskLamp: Scene = {
  backdrop: ['#e2ece8', '#93b5aa'],
  shadow: { x: 232, y: 352, width: 116 },
  defs: `${fall('enamel', '#2f6f5e', '#184438')}${round('brass', '#94692a', '#f2cf83')}<linearGradient id="beam" x2="0" y2="1"><stop stop-color="#fff2bf" stop-opacity=".95"/><stop offset="1" stop-color="#fff2bf" stop-opacity="0"/></linearGradient>`,
  body: `<path d="M60 146 L182 192 L214 348 H6 Z" fill="url(#beam)" opacity=".7"/>
<g stroke="url(#brass)" stroke-width="11" stroke-linecap="round"><path d="M262 336 L306.5 204.5"/><path d="M306 204 L158 88.5"/></g><circle cx="306" cy="204" r="13" fill="#b98a3c"/><circle cx="306" cy="204" r="5" fill="#6e4c17"/>
<g transform="rotate(22 128 150)"><rect x="114" y="66" width="28" height="22" rx="7" fill="url(#brass)"/><path d="M104 84 H152 C176 108 190 132 196 168 H60 C66 132 80 108 104 84 Z" fill="url(#enamel)"/><ellipse cx="128" cy="168" rx="68" ry="15" fill="#123329"/><ellipse cx="128" cy="170" rx="34" ry="9" fill="#fff6d5"/><path d="M100 96 C86 112 76 132 72 156" fill="none" stroke="#fff" stroke-opacity=".35" stroke-width="7" stroke-linecap="round"/></g>
<path d="M180 350 C180 326 344 326 344 350 Z" fill="url(#enamel)"/><path d="M180 350 H344 V356 H180 Z" fill="#123329"/>`,
};

/** A blade from the pot's mouth at `x` to its tip. */
function blade(x: number, tipX: number, tipY: number, fill: string): string {
  const middle = (x + tipX) / 2;
  const waist = (250 + tipY) / 2;
  return `<path d="M${x - 15} 250 C${middle - 34} ${waist + 26} ${middle - 24} ${waist - 30} ${tipX} ${tipY} C${middle + 34} ${waist - 20} ${middle + 34} ${waist + 30} ${x + 15} 250 Z" fill="${fill}" stroke="#d9dc94" stroke-width="3"/><path d="M${x} 250 Q${middle + 4} ${waist} ${tipX} ${tipY + 14}" fill="none" stroke="#1f4a33" stroke-opacity=".35" stroke-width="3"/>`;
}

const blades = [
  blade(166, 92, 112, '#2f6b47'),
  blade(234, 312, 98, '#2f6b47'),
  blade(182, 152, 54, '#438a5b'),
  blade(220, 254, 66, '#3d8256'),
  blade(202, 204, 26, '#55a06c'),
].join('');

export const pottedPlant: Scene = {
  backdrop: ['#f6e9e1', '#dcb9a3'],
  shadow: { x: 200, y: 356, width: 116 },
  defs: round('terracotta', '#a5502f', '#dd8a62'),
  body: `${blades}<path d="M126 236 H274 L258 344 C250 356 150 356 142 344 Z" fill="url(#terracotta)"/><ellipse cx="200" cy="238" rx="74" ry="12" fill="#4b2c1c"/>
<path d="M116 226 H284 V254 C284 260 116 260 116 254 Z" fill="url(#terracotta)"/><path d="M116 254 C160 264 240 264 284 254" fill="none" stroke="#7d3a20" stroke-opacity=".5" stroke-width="3"/>`,
};
