import { execFileSync, type StdioOptions, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const PREFIX = 'wdt';
const SWITCH = 'switch';
const NAMESPACES = '/run/netns';
const SUBNET = '10.77.0';

export type Direction = 'in' | 'out' | 'both';

let made = 0;

/**
 * Hosts as network namespaces, each with one address on one bridge, which has a namespace of its own: nothing of it is
 * seen outside. Needs root, `ip` and `nft`. {@link dispose} ends every process within, also when this process exits.
 */
export class TestNetwork {
  readonly #name = `${PREFIX}${process.pid}-${made++}`;
  /** By name, the last byte of its address. */
  readonly #hosts = new Map<string, number>();

  private constructor() {}

  /** Throws, saying what is needed, where namespaces cannot be made. */
  static open(): TestNetwork {
    if (process.getuid?.() !== 0)
      throw new Error('the cluster tests make network namespaces: run them as root');
    removeAbandoned();
    const network = new TestNetwork();
    process.once('exit', network.#disposeNow);
    process.once('SIGINT', network.#interrupted).once('SIGTERM', network.#interrupted);
    try {
      network.#add(SWITCH);
      network.#ip(SWITCH, 'link add bridge type bridge');
      network.#ip(SWITCH, 'link set bridge up');
    } catch (reason) {
      network.dispose();
      throw new Error(
        'the cluster tests need network namespaces with veth pairs on a bridge: a machine (or a container with CAP_SYS_ADMIN and CAP_NET_ADMIN) where `ip netns add` works',
        { cause: reason },
      );
    }
    return network;
  }

  addHost(host: string): void {
    const number = 11 + this.#hosts.size;
    this.#hosts.set(host, number);
    this.#add(host);
    this.#ip(SWITCH, `link add ${host} type veth peer name eth0 netns ${this.#name}-${host}`);
    this.#ip(SWITCH, `link set ${host} master bridge up`);
    this.#ip(host, `addr add ${SUBNET}.${number}/24 dev eth0`);
    this.#ip(host, 'link set lo up');
    this.#ip(host, 'link set eth0 up');
  }

  address(host: string): string {
    return `${SUBNET}.${this.#hosts.get(host)}`;
  }

  hostAt(address: string): string | undefined {
    return [...this.#hosts.keys()].find((host) => this.address(host) === address);
  }

  /** A command and its arguments, as run on a host; the process that is started becomes the command. */
  command(host: string, command: string, args: readonly string[]): readonly [string, readonly string[]] {
    return ['nsenter', [`--net=${NAMESPACES}/${this.#name}-${host}`, command, ...args]];
  }

  /** The plug is pulled: both sides see no carrier. */
  cut(host: string): void {
    this.#ip(SWITCH, `link set ${host} down`);
  }

  plug(host: string): void {
    this.#ip(SWITCH, `link set ${host} up`);
  }

  /** What passes between the host and the others is lost, silently: all of it, or so many packets of a hundred. */
  drop(host: string, direction: Direction, percent = 100): void {
    const verdict = percent === 100 ? 'drop' : `numgen random mod 100 < ${percent} drop`;
    const chain = (hook: 'input' | 'output', device: 'iif' | 'oif') =>
      `chain ${hook} {\n type filter hook ${hook} priority 0\n ${device} "lo" accept\n ${verdict}\n }\n`;
    const chains = [
      ...(direction === 'out' ? [] : [chain('input', 'iif')]),
      ...(direction === 'in' ? [] : [chain('output', 'oif')]),
    ];
    this.#run(host, 'nft', ['-f', '-'], `table inet faults {\n${chains.join('')}}\n`);
  }

  stopDropping(host: string): void {
    this.#run(host, 'nft', ['delete', 'table', 'inet', 'faults']);
  }

  /** Of all processes that run on a host. */
  pids(host: string): readonly number[] {
    return pidsIn(`${this.#name}-${host}`);
  }

  /** What a host's HTTP server answers. */
  get(host: string, port: number, path: string): string {
    const request = `exec 3<>/dev/tcp/${this.address(host)}/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    const answer = this.#run(host, 'timeout', ['2', 'bash', '-c', request]);
    return answer.slice(answer.indexOf('\r\n\r\n') + 4);
  }

  dispose(): void {
    process.off('exit', this.#disposeNow);
    process.off('SIGINT', this.#interrupted).off('SIGTERM', this.#interrupted);
    this.#disposeNow();
  }

  readonly #disposeNow = () => removeAll(`${this.#name}-`);

  readonly #interrupted = () => {
    this.#disposeNow();
    process.exit(130);
  };

  #add(host: string): void {
    execute('ip', ['netns', 'add', `${this.#name}-${host}`]);
  }

  #ip(host: string, args: string): void {
    execute('ip', ['-n', `${this.#name}-${host}`, ...args.split(' ')]);
  }

  #run(host: string, command: string, args: readonly string[], input?: string): string {
    return execute(...this.command(host, command, args), input);
  }
}

/** What test runs left that were themselves killed. */
function removeAbandoned(): void {
  const pattern = new RegExp(`^${PREFIX}(\\d+)-`);
  for (const name of namespaces()) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeAll(name);
  }
}

function removeAll(prefix: string): void {
  const found = namespaces().filter((name) => name.startsWith(prefix));
  for (const name of found) {
    // Until none is left: one may be starting another meanwhile.
    for (let pids = pidsIn(name); pids.length > 0; pids = pidsIn(name))
      for (const pid of pids) kill(pid, 'SIGKILL');
  }
  for (const name of found) spawnSync('ip', ['netns', 'del', name]);
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== 'ESRCH') throw reason; // else it has ended already
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function namespaces(): readonly string[] {
  try {
    return readdirSync(NAMESPACES);
  } catch {
    return []; // none was ever made
  }
}

function pidsIn(namespace: string): readonly number[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).map(Number);
}

function execute(command: string, args: readonly string[], input?: string): string {
  const stdio: StdioOptions = ['pipe', 'pipe', 'pipe'];
  return execFileSync(command, args, { encoding: 'utf8', stdio, timeout: 10_000, input: input ?? '' });
}
