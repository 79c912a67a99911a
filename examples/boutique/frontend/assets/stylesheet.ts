export const stylesheet = `
:root {
  --paper: #fbf9f4; --card: #fff; --ink: #23302b; --soft: #65706a; --line: #e5e0d4;
  --accent: #1f5a47; --accent-deep: #143f31; --warm: #c4633d; --wash: #eef3ee;
  --serif: Georgia, 'Iowan Old Style', 'Times New Roman', serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); min-height: 100vh; display: flex; flex-direction: column; }
main { flex: 1; }
.wrap { width: 100%; max-width: 1160px; margin-inline: auto; padding-inline: 24px; }
a { color: inherit; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
img { display: block; max-width: 100%; height: auto; }
:focus-visible { outline: 3px solid #8fc0ab; outline-offset: 2px; border-radius: 4px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top { background: var(--card); border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 2; }
.top .wrap { display: flex; align-items: center; gap: 18px; min-height: 68px; }
.brand { font: 600 22px/1 var(--serif); text-decoration: none; color: var(--accent-deep); white-space: nowrap; display: flex; align-items: center; gap: 10px; }
.brand svg { width: 30px; height: 30px; }
.find { flex: 1; max-width: 360px; margin-left: auto; }
.find input { width: 100%; border-radius: 999px; padding: 9px 18px; }
.money { display: flex; gap: 6px; align-items: center; }
.money select { padding: 8px 30px 8px 14px; border-radius: 999px; }
.money button { padding: 8px 12px; border-radius: 999px; }
.js .money button { display: none; }
.basket { display: flex; align-items: center; gap: 8px; text-decoration: none; font-weight: 600; padding: 8px 4px; white-space: nowrap; }
.basket svg { width: 24px; height: 24px; }
.count { background: var(--warm); color: #fff; border-radius: 999px; font-size: 12.5px; line-height: 20px; min-width: 20px; padding: 0 6px; text-align: center; }

input, select, button { font: inherit; color: inherit; }
input, select { background-color: #fff; border: 1px solid #cfc9ba; border-radius: 9px; padding: 10px 12px; width: 100%; }
input:hover, select:hover { border-color: #a9a28f; }
select { appearance: none; padding-right: 32px; background-image: url("/static/chevron.svg"); background-repeat: no-repeat; background-position: right 12px center; background-size: 11px; }
.button { display: inline-block; border: 0; background: var(--accent); color: #fff; font-weight: 600; text-decoration: none; padding: 12px 26px; border-radius: 999px; cursor: pointer; text-align: center; }
.button:hover { background: var(--accent-deep); }
.plain { background: none; border: 1px solid #cfc9ba; color: var(--ink); }
.plain:hover { background: var(--wash); }
.small { padding: 7px 16px; font-size: 14px; }

.hero { background: linear-gradient(105deg, #e4ece3 0%, #f1eadb 62%, #f3dcc7 100%); overflow: hidden; }
.hero .wrap { display: grid; grid-template-columns: 1.1fr .9fr; align-items: center; gap: 32px; min-height: 330px; }
.hero h1 { font-size: clamp(32px, 4.6vw, 54px); }
.hero p { font-size: 18px; color: #47544d; max-width: 30em; margin: 16px 0 26px; }
.trio { display: flex; justify-content: flex-end; padding: 26px 0; }
.trio img { width: 41%; aspect-ratio: 1; border-radius: 50%; border: 7px solid #fff9; box-shadow: 0 14px 34px #3b30221f; }
.trio img + img { margin-left: -9%; }
.trio img:nth-child(2) { transform: translateY(30px); }

.section { padding-block: 44px 24px; }
.section > h2 { font-size: 27px; margin-bottom: 22px; }
.grid { display: grid; grid-template-columns: repeat(4, 1fr); gap: 26px 22px; list-style: none; margin: 0; padding: 0; }
.tile { text-decoration: none; display: block; }
.tile img { width: 100%; aspect-ratio: 1; border-radius: 14px; transition: transform .18s ease, box-shadow .18s ease; }
.tile:hover img { transform: translateY(-4px); box-shadow: 0 12px 26px #3b302226; }
.tile strong { display: block; font: 600 17px/1.3 var(--serif); margin-top: 12px; }
.tile span { color: var(--soft); font-variant-numeric: tabular-nums; }

.crumbs { font-size: 14px; color: var(--soft); padding: 22px 0 0; }
.detail { display: grid; grid-template-columns: 1fr 1fr; gap: 52px; padding: 22px 0 30px; align-items: center; }
.detail img { width: 100%; border-radius: 20px; }
.detail h1 { font-size: clamp(30px, 4vw, 42px); }
.price { font-size: 24px; margin: 10px 0 18px; font-variant-numeric: tabular-nums; }
.detail p { color: #47544d; font-size: 17.5px; margin: 0 0 26px; max-width: 32em; }
.buy { display: flex; gap: 12px; align-items: stretch; }
.buy select { width: 88px; border-radius: 999px; padding-left: 20px; background-position: right 18px center; }
.tags { list-style: none; display: flex; gap: 8px; flex-wrap: wrap; margin: 28px 0 0; padding: 0; font-size: 13.5px; }
.tags a { background: var(--wash); color: var(--accent); padding: 4px 13px; border-radius: 999px; text-decoration: none; }
.tags a:hover { background: #dfe9e1; }

.ad { display: flex; align-items: center; gap: 16px; background: #f7ead9; border-radius: 14px; padding: 14px 22px; text-decoration: none; margin: 18px 0 34px; }
.ad:hover { background: #f3e1c9; }
.ad b { font-size: 11px; letter-spacing: .1em; text-transform: uppercase; color: #8d5a36; border: 1px solid #d9b893; border-radius: 4px; padding: 1px 7px; }

.split { display: grid; grid-template-columns: 1.1fr .9fr; gap: 44px; padding: 34px 0 30px; align-items: start; }
.split h1 { font-size: 30px; }
.row { display: flex; justify-content: space-between; align-items: center; gap: 14px; }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: 18px; padding: 26px; }
.lines { list-style: none; margin: 20px 0 0; padding: 0; }
.lines li { display: grid; grid-template-columns: 84px 1fr auto; gap: 18px; align-items: center; padding: 15px 0; border-bottom: 1px solid var(--line); }
.lines img { border-radius: 11px; width: 84px; height: 84px; }
.lines a { text-decoration: none; font: 600 17px/1.3 var(--serif); }
.lines small { display: block; color: var(--soft); font-size: 14px; }
.amount { font-variant-numeric: tabular-nums; white-space: nowrap; }
.sums { margin: 14px 0 0; }
.sums div { display: flex; justify-content: space-between; padding: 7px 0; }
.sums dd { margin: 0; font-variant-numeric: tabular-nums; }
.sums .total { font-weight: 700; font-size: 20px; border-top: 2px solid var(--ink); margin-top: 8px; padding-top: 12px; }
.form { display: grid; grid-template-columns: repeat(6, 1fr); gap: 14px; }
.form h2 { grid-column: 1 / -1; font-size: 21px; }
.form h2:not(:first-child) { margin-top: 12px; }
.field { grid-column: span 6; font-size: 14px; }
.field.third { grid-column: span 2; }
.field.rest { grid-column: span 4; }
.field span { display: block; color: var(--soft); margin-bottom: 4px; }
.field em { display: block; color: #a5361c; font-style: normal; margin-top: 4px; }
.field.wrong input, .field.wrong select { border-color: #c0492b; background-color: #fdf4f1; }
.form .button { grid-column: 1 / -1; margin-top: 8px; padding: 14px; font-size: 17px; }
.alert { background: #fdeee9; border: 1px solid #eab9a8; color: #87290f; border-radius: 12px; padding: 13px 18px; margin: 26px 0 0; }
.note { color: var(--soft); font-size: 14px; margin: 14px 0 0; }

.center { max-width: 620px; margin-inline: auto; text-align: center; padding-block: 64px 40px; }
.center h1 { font-size: clamp(28px, 4.4vw, 40px); margin-bottom: 14px; }
.center p { color: #47544d; font-size: 17.5px; margin: 0 0 24px; }
.badge { width: 68px; height: 68px; margin: 0 auto 20px; display: block; }
.status { font: 600 15px/1 var(--sans); color: var(--warm); letter-spacing: .12em; margin-bottom: 14px; }
.receipt { text-align: left; margin: 0 0 26px; }
.receipt code { font-size: 13.5px; overflow-wrap: anywhere; text-align: right; }
.receipt .row { align-items: baseline; padding: 9px 0; border-bottom: 1px solid var(--line); }
.receipt .row span:first-child { color: var(--soft); }
.receipt .amount { flex: none; }
.receipt .row:last-child { border: 0; font-weight: 700; font-size: 19px; }
.receipt .row:last-child span:first-child { color: inherit; }

.foot { border-top: 1px solid var(--line); margin-top: 40px; padding: 24px 0 34px; color: var(--soft); font-size: 13.5px; }
.foot .wrap { display: flex; flex-wrap: wrap; gap: 6px 26px; justify-content: space-between; }

@media (max-width: 900px) {
  .grid { grid-template-columns: repeat(3, 1fr); }
  .split, .detail { grid-template-columns: 1fr; gap: 28px; }
}
@media (max-width: 640px) {
  .wrap { padding-inline: 16px; }
  .top { position: static; }
  .top .wrap { flex-wrap: wrap; gap: 10px 12px; padding-top: 12px; padding-bottom: 12px; }
  .find { order: 2; margin: 0; max-width: none; }
  .money { order: 3; }
  .brand { font-size: 20px; }
  .basket { margin-left: auto; }
  .top .wrap::after { content: ''; order: 1; flex-basis: 100%; margin-top: -10px; }
  .hero .wrap { grid-template-columns: 1fr; gap: 0; padding-top: 30px; }
  .hero p { font-size: 16.5px; margin: 12px 0 20px; }
  .trio { justify-content: center; padding: 14px 0 44px; }
  .trio img { width: 36%; }
  .section { padding-top: 32px; }
  .grid { grid-template-columns: repeat(2, 1fr); gap: 20px 14px; }
  .panel { padding: 20px 18px; border-radius: 14px; }
  .lines li { grid-template-columns: 64px 1fr auto; gap: 13px; }
  .lines img { width: 64px; height: 64px; }
  .buy .button { flex: 1; }
  .detail { padding-top: 14px; }
  .center { padding-top: 40px; }
}
@media (prefers-reduced-motion: reduce) { .tile img { transition: none; } }
`;
