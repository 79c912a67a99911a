// The tests shop in a real browser, run real NATS servers, and cut links between network namespaces. Installs what that
// needs with apt when it is missing and this user may; else says what to install.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PACKAGES = [
  { file: '/usr/bin/chromium-headless-shell', name: 'chromium-headless-shell' },
  { file: '/usr/sbin/nats-server', name: 'nats-server' },
  { file: '/usr/bin/redis-server', name: 'redis-server' },
  { file: '/usr/sbin/ip', name: 'iproute2' },
  { file: '/usr/sbin/nft', name: 'nftables' },
];
const MAY_INSTALL = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

const apt = (...args) =>
  execFileSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

const missing = () => PACKAGES.filter(({ file }) => !existsSync(file));

function requireAll() {
  if (missing().length === 0) return;
  const names = missing().map(({ name }) => name);
  process.stderr.write(
    `The tests need ${names.join(' and ')}. Install: sudo apt-get install -y --no-install-recommends ${names.join(' ')}\n`,
  );
  process.exit(1);
}

if (missing().length > 0 && MAY_INSTALL) {
  const names = missing().map(({ name }) => name);
  process.stderr.write(`installing ${names.join(', ')}\n`);
  apt('-q', 'update');
  apt('-q', 'install', '-y', '--no-install-recommends', ...names);
}
requireAll();

// Debian 12's NATS (2.9.10) cannot compare and set in a cluster; Debian 13's can, and is had without becoming the system's.
const NEWER_NATS = '/usr/local/lib/weaverd-tests/nats-server';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

function isSound(binary) {
  const [, major, minor, patch] = /v(\d+)\.(\d+)\.(\d+)/.exec(
    execFileSync(binary, ['--version'], { encoding: 'utf8' }),
  );
  return major * 1e6 + minor * 1e3 + Number(patch) >= 2_010_023;
}

function installNewerNats() {
  const folder = mkdtempSync(join(tmpdir(), 'weaverd-apt-'));
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'sources', 'package'])
      mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(
      join(folder, 'sources/trixie.list'),
      `deb [signed-by=${KEYRING}] http://deb.debian.org/debian trixie main\n`,
    );
    const options = [
      'Dir::Etc::SourceList=/dev/null',
      `Dir::Etc::SourceParts=${join(folder, 'sources')}`,
      `Dir::State::Lists=${join(folder, 'lists')}`,
      `Dir::Cache=${join(folder, 'cache')}`,
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
    apt(...options, '-q', 'update');
    execFileSync('apt-get', [...options, '-q', 'download', 'nats-server'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    execFileSync('dpkg', ['-x', join(folder, archive), join(folder, 'package')]);
    mkdirSync(dirname(NEWER_NATS), { recursive: true });
    copyFileSync(join(folder, 'package/usr/sbin/nats-server'), NEWER_NATS);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!existsSync(NEWER_NATS) && !isSound('nats-server') && MAY_INSTALL && existsSync(KEYRING)) {
  process.stderr.write(`installing a newer nats-server as ${NEWER_NATS}\n`);
  try {
    installNewerNats();
  } catch (reason) {
    process.stderr.write(`not installed (${reason.message})\n`);
  }
}
if (!existsSync(NEWER_NATS) && !isSound('nats-server')) {
  process.stderr.write(
    `The tests of a NATS cluster need nats-server 2.10.23 or newer: put one at ${NEWER_NATS} (https://nats.io/download)\n`,
  );
  process.exit(1);
}
