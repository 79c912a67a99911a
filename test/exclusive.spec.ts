import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { conflictsIn, readActs } from './support/acts.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const CLIENTS = 8;
const KEYS = 40;
const PAUSE_MS = 5;
/** Of load between two disturbances. */
const BETWEEN_MS = 1500;

describe('exclusive keys of a deployed app', function () {
  this.timeout(240_000);
  let daemon: TestDaemon;
  let folder: string;
  let records: string;
  let port: number;
  let revision = 0;

  /** Together: those who call are in the processes of those who own. */
  const deploy = async (replicas: number, together = false): Promise<void> => {
    const entry = JSON.stringify(join(REPOSITORY, 'test/fixtures/exclusive/main.ts'));
    const lines = [
      `name = "exclusive"\nentry = ${entry}`,
      ...(together ? ['colocate = [["Door", "Turnstile"]]'] : []),
      `[listeners.door]\nport = ${port}`,
      `[components.Turnstile]\nreplicas = ${replicas}`,
      `[env]\nRECORDS = ${JSON.stringify(records)}\nREVISION = "${revision++}"`,
    ];
    await writeFile(join(folder, 'weaver.toml'), lines.join('\n'));
    await daemon.must('deploy', folder);
  };

  const turnstiles = async () => {
    const { apps } = await daemon.status();
    return apps
      .flatMap(({ groups }) => groups)
      .filter(({ components }) => components.includes('Turnstile'))
      .flatMap(({ replicas }) => replicas)
      .filter(({ state }) => state === 'serving')
      .flatMap(({ pid }) => pid ?? []);
  };

  /** Kills one of the owners; resolves when there are as many as before. */
  const killOne = async (): Promise<void> => {
    const before = await turnstiles();
    const [victim] = before;
    if (victim === undefined) throw new Error('no turnstile serves');
    process.kill(victim, 'SIGKILL');
    await eventually('another turnstile serves', async () => {
      const now = await turnstiles();
      return now.length === before.length && !now.includes(victim) ? now : undefined;
    });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wx-'));
    records = join(folder, 'records');
    await mkdir(records);
    port = await freePort();
    daemon = await TestDaemon.start();
    await deploy(3);
  });

  after(async () => {
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  it('ONE-OWNER: keys move while owners are killed, replaced, added and removed; no call that may run twice fails', async () => {
    let isOver = false;
    let calls = 0;
    const failures: string[] = [];
    const visit = async (seed: number): Promise<void> => {
      for (let n = seed; !isOver; n++) {
        calls++;
        try {
          const response = await fetch(`http://127.0.0.1:${port}/key-${(n * 7) % KEYS}`, {
            signal: AbortSignal.timeout(30_000),
          });
          const text = await response.text();
          if (response.status !== 200) failures.push(`${response.status}: ${text}`);
        } catch (reason) {
          failures.push(String(reason));
        }
        await setTimeout(PAUSE_MS);
      }
    };
    const load = Array.from({ length: CLIENTS }, (_, seed) => visit(seed));
    const disturbances = [
      killOne,
      killOne,
      () => deploy(3),
      () => deploy(5),
      () => deploy(2),
      killOne,
      () => deploy(3, true),
      killOne,
      () => deploy(3),
      async () => {
        await daemon.kill();
        await setTimeout(500);
        await daemon.restart();
      },
      killOne,
    ];
    for (const disturb of disturbances) {
      await setTimeout(BETWEEN_MS);
      await disturb();
    }
    await setTimeout(BETWEEN_MS);
    isOver = true;
    await Promise.all(load);
    const acts = await readActs(records);
    const owners = new Map<string, Set<string>>();
    for (const { key, process } of acts) owners.set(key, (owners.get(key) ?? new Set()).add(process));
    expect(failures).to.deep.equal([]);
    expect(conflictsIn(acts)).to.deep.equal([]);
    expect(calls).to.be.above(500);
    expect(owners.size).to.equal(KEYS);
    for (const [key, processes] of owners) expect(processes.size, key).to.be.above(2);
  });
});
