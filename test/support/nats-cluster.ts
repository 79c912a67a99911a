import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { NatsServer } from './nats-server.js';
import { type LinkMode, TcpProxy } from './tcp-proxy.js';

const NAMES = ['n1', 'n2', 'n3'] as const;

/** Three real nats-servers; each reaches each other through a link that can be cut. */
export class NatsCluster {
  readonly servers: readonly NatsServer[];
  /** By the two names, who connects first. */
  readonly #links: ReadonlyMap<string, TcpProxy>;

  private constructor(servers: readonly NatsServer[], links: ReadonlyMap<string, TcpProxy>) {
    this.servers = servers;
    this.#links = links;
  }

  static async start(config = ''): Promise<NatsCluster> {
    const links = new Map<string, TcpProxy>();
    for (const from of NAMES)
      for (const to of NAMES) if (from !== to) links.set(`${from} ${to}`, await TcpProxy.open(0, 0));
    // Chosen when the links have theirs: a link that got the port it leads to would connect to itself for ever.
    const ports = new Map<string, number>();
    for (const name of NAMES) ports.set(name, await freePort());
    for (const [ends, link] of links) link.targetPort = ports.get(ends.split(' ')[1] ?? '') ?? 0;
    const servers = await Promise.all(
      NAMES.map((name) => {
        const routes = NAMES.filter((to) => to !== name).map(
          (to) => `"nats://127.0.0.1:${links.get(`${name} ${to}`)?.port}"`,
        );
        // What is advertised leads nowhere, so that no server finds a way around the links.
        const cluster = `cluster { name: weaver, listen: "127.0.0.1:${ports.get(name)}", advertise: "127.0.0.1:1", routes: [${routes.join()}] }`;
        return NatsServer.start({ name, config: `${cluster}\n${config}`, isOneOfMany: true });
      }),
    );
    const cluster = new NatsCluster(servers, links);
    await cluster.healthy();
    return cluster;
  }

  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** All that run. */
  async healthy(): Promise<void> {
    await Promise.all(this.servers.filter(({ isRunning }) => isRunning).map((server) => server.healthy()));
  }

  server(name: string): NatsServer {
    const found = this.servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  }

  async leaderOf(stream: string): Promise<NatsServer> {
    const asked = this.servers.filter(({ isRunning }) => isRunning);
    const name = await eventually(`${stream} has a leader`, async () => {
      for (const server of asked) {
        const leader = await server.leaderOf(stream);
        if (leader !== undefined && leader !== '') return leader;
      }
      return undefined;
    });
    return this.server(name);
  }

  /** What is between that server and the others. */
  link(name: string, mode: LinkMode): void {
    for (const [ends, link] of this.#links) if (ends.split(' ').includes(name)) link.become(mode);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.dispose()));
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }
}
