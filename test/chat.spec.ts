import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Message } from '../examples/chat/messages.js';
import { EventListener } from './support/event-listener.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { REPOSITORY, TestDaemon } from './support/weaverd.js';

const ROOMS = ['tea', 'coffee'];
const LISTENERS = 8;
const PAUSE_MS = 10;

describe('chat, deployed', function () {
  this.timeout(180_000);
  let daemon: TestDaemon;
  let folder: string;
  let url: string;
  const listeners: { readonly room: string; readonly events: EventListener }[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wchat-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    await writeFile(
      join(folder, 'weaver.toml'),
      `name = "chat"\nentry = "${join(REPOSITORY, 'examples/chat/main.ts')}"\n[listeners.chat]\nport = ${port}\n`,
    );
    daemon = await TestDaemon.start();
    await daemon.must('deploy', folder);
  });

  after(async () => {
    await Promise.all(listeners.map(({ events }) => events.stop()));
    await daemon.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  /** Kills the process of that component; resolves when another one has taken its place. */
  const kill = async (group: string): Promise<void> => {
    const serving = async () => {
      const { apps } = await daemon.status();
      const replica = apps[0]?.groups.find((each) => each.group === group)?.replicas[0];
      return replica?.state === 'serving' ? replica.pid : undefined;
    };
    const pid = await eventually(`${group} serves`, serving);
    process.kill(pid, 'SIGKILL');
    await eventually(`${group} serves again`, async () => {
      const now = await serving();
      return now === pid ? undefined : now;
    });
  };

  it('NO-LOSS: everyone hears each message of the room once, in order, while its owner and the web face are killed', async () => {
    for (const room of ROOMS)
      for (let n = 0; n < LISTENERS; n++)
        listeners.push({ room, events: new EventListener(`${url}/${room}`) });
    let isOver = false;
    const speak = async (room: string, user: string): Promise<readonly string[]> => {
      const said: string[] = [];
      for (let n = 0; !isOver; n++) {
        const message = { id: `${user}-${n}`, user, text: `${user} says ${n}` };
        await eventually('it is said', () => say(`${url}/${room}`, message));
        said.push(message.id);
        await setTimeout(PAUSE_MS);
      }
      return said;
    };
    const speaking = ROOMS.map((room) => Promise.all([speak(room, 'ann'), speak(room, 'bob')]));
    for (const group of ['Rooms', 'main', 'Rooms']) {
      await setTimeout(500);
      await kill(group);
    }
    await setTimeout(500);
    isOver = true;
    const spoken = await Promise.all(speaking);
    for (const [index, room] of ROOMS.entries()) {
      const [ann = [], bob = []] = spoken[index] ?? [];
      const total = ann.length + bob.length;
      expect(ann.length).to.be.above(10);
      for (const { events } of listeners.filter((each) => each.room === room)) {
        await eventually(`all of ${room} is heard`, () => events.heard.length >= total || undefined);
        const messages = events.heard.map((data) => JSON.parse(data) as Message);
        expect(messages.map(({ number }) => number)).to.deep.equal(
          Array.from({ length: total }, (_, at) => at + 1),
        );
        const by = (name: string) => messages.filter(({ user }) => user === name).map(({ id }) => id);
        expect(by('ann')).to.deep.equal(ann);
        expect(by('bob')).to.deep.equal(bob);
        expect(events.connections, 'the web face was killed').to.be.above(1);
      }
    }
  });

  it('has a page for each room', async () => {
    const response = await fetch(`${url}/tea`, { signal: AbortSignal.timeout(30_000) });
    expect(response.status).to.equal(200);
    expect(await response.text()).to.match(/<form>/);
  });
});

async function say(room: string, message: object): Promise<true | undefined> {
  const body = JSON.stringify(message);
  const answer = await fetch(room, { method: 'POST', body, signal: AbortSignal.timeout(15_000) });
  return answer.ok || undefined;
}
