// The tests shop in a real browser. Installs it with apt when it is missing and this user may; else says what to install.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const BROWSER = '/usr/bin/chromium-headless-shell';
const PACKAGE = 'chromium-headless-shell';

if (!existsSync(BROWSER)) {
  const mend = `The tests need ${BROWSER}. Install it: sudo apt-get install -y --no-install-recommends ${PACKAGE}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(`${mend}\n`);
    process.exit(1);
  }
  const apt = (...args) =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  process.stderr.write(`installing ${PACKAGE}\n`);
  apt('-q', 'update');
  apt('-q', 'install', '-y', '--no-install-recommends', PACKAGE);
  if (!existsSync(BROWSER)) {
    process.stderr.write(`${mend}\n`);
    process.exit(1);
  }
}
