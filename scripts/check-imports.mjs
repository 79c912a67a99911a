// Holds the direction of imports (DESIGN: cli -> daemon -> config, daemon -> sdk/protocol, sdk -> nothing of ours), and
// keeps imports.txt, the list of what each folder imports, so that a new dependency shows in the diff.
// Usage: node scripts/check-imports.mjs [--write]

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a folder may import besides itself; the first rule whose prefix fits a file counts. */
const RULES = [
  { from: 'sdk/run/single-process.ts', to: ['sdk', 'config'] },
  { from: 'sdk/protocol', to: [] },
  { from: 'sdk/codec', to: ['sdk/call'] },
  { from: 'sdk/transport', to: ['sdk/call', 'sdk/codec', 'sdk/errors', 'sdk/protocol', 'sdk/routing'] },
  { from: 'sdk', to: [] },
  { from: 'config', to: ['sdk/protocol'] },
  { from: 'compiler', to: ['sdk', 'config'] },
  { from: 'daemon', to: ['config', 'sdk/protocol'] },
  { from: 'cli', to: ['daemon', 'compiler', 'config', 'sdk/protocol'] },
];

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', 'sdk', 'config', 'compiler', 'daemon', 'cli'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !/\.spec\.ts$|\/fixtures\/|\/spec-support/.test(file));

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*)?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;

/** The folder that stands for a file in the list: two levels deep. */
const room = (file) =>
  file
    .split('/')
    .slice(0, 2)
    .join('/')
    .replace(/\/[^/]+\.[jt]s$/, '');
const inside = (file, folder) => file === folder || file.startsWith(`${folder}/`);

const problems = [];
const list = new Map();
for (const file of files) {
  let text;
  try {
    text = readFileSync(join(root, file), 'utf8');
  } catch (reason) {
    if (reason.code === 'ENOENT') continue; // deleted, not committed yet
    throw reason;
  }
  const rule = RULES.find(({ from }) => inside(file, from));
  for (const match of text.matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3];
    const relative = specifier.startsWith('.');
    const target = relative
      ? normalize(join(dirname(file), specifier))
      : specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
    if (relative && ![rule.from, ...rule.to].some((folder) => inside(target, folder))) {
      problems.push(
        `${file} imports ${target}; ${rule.from} may import only ${[rule.from, ...rule.to].join(', ')}`,
      );
    }
    const imported = relative ? room(target) : target;
    if (imported === room(file)) continue;
    const entry = list.get(room(file)) ?? new Set();
    entry.add(imported);
    list.set(room(file), entry);
  }
}

const text = `${[...list]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(
    ([folder, imports]) =>
      `${folder}\n${[...imports]
        .sort()
        .map((each) => `    ${each}\n`)
        .join('')}`,
  )
  .join('')}`;
const listFile = join(root, 'imports.txt');
if (process.argv.includes('--write')) {
  writeFileSync(listFile, text);
} else {
  let current = '';
  try {
    current = readFileSync(listFile, 'utf8');
  } catch {
    // reported as stale below
  }
  if (current !== text)
    problems.push('imports.txt is stale: look at what changed, then run `npm run imports`');
}
if (problems.length > 0) {
  process.stderr.write(`${problems.map((problem) => `imports: ${problem}\n`).join('')}`);
  process.exit(1);
}
