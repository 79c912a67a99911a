import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CompiledApp, CompiledMethod } from '../codec/compiled.js';
import {
  CONTROL_PROTOCOL,
  type ComponentRouting,
  type ComponentsToHostReply,
  type EnvelopeNotifications,
  type Failed,
  type ListenerOpened,
  type LogEntry,
  type ProcletNotifications,
  type ProcletPhase,
  type ProcletRequests,
  type ProcletSpec,
  type RegisterReplica,
  type SliceAssignment,
  type Span,
} from '../protocol/control.js';
import { ControlChannel, ControlError } from '../protocol/control-channel.js';

/** A codec that writes JSON: what a build would generate, without a build. */
export function jsonMethod(name: string, streaming = false): CompiledMethod {
  return {
    name,
    streaming,
    encodeArguments: (writer, args) => writer.writeString(JSON.stringify(args)),
    decodeArguments: (reader) => JSON.parse(reader.readString()) as unknown[],
    encodeResult: (writer, value) => writer.writeString(JSON.stringify(value ?? null)),
    decodeResult: (reader) => JSON.parse(reader.readString()),
  };
}

export function jsonApp(components: Readonly<Record<string, readonly CompiledMethod[]>>): CompiledApp {
  return { components: Object.entries(components).map(([name, methods]) => ({ name, methods })), errors: [] };
}

type Channel = ControlChannel<
  Record<string, never>,
  EnvelopeNotifications,
  ProcletRequests,
  ProcletNotifications
>;

interface Registered {
  readonly channel: Channel;
  readonly registration: RegisterReplica;
}

/** The envelope's side, as far as a proclet sees it, for several proclets of one app. */
export class FakeEnvelope {
  readonly folder = mkdtempSync(join(tmpdir(), 'wp-'));
  readonly registered = new Map<string, Registered>();
  readonly phases = new Map<string, ProcletPhase>();
  readonly logs: LogEntry[] = [];
  readonly spans: Span[] = [];
  readonly failures: Failed[] = [];
  readonly listeners: ListenerOpened[] = [];
  /** By replica and component: `Counter-0 Counter`. */
  readonly settled = new Map<string, number>();
  readonly #routing = new Map<string, ComponentRouting>();
  readonly #hosting = new Map<string, Partial<ComponentsToHostReply>>();
  #server: Server | undefined;
  #epoch = 0;

  spec(replica: string, hosting: Partial<ComponentsToHostReply>, generation = 1): ProcletSpec {
    this.#hosting.set(replica, hosting);
    return {
      protocol: CONTROL_PROTOCOL,
      app: 'test',
      version: 'v1',
      group: replica,
      replica,
      generation,
      controlSocket: join(this.folder, 'control.sock'),
      token: 'secret',
      serveAt: { kind: 'unix', path: join(this.folder, `${replica}-${generation}.sock`) },
      socketFolder: this.folder,
    };
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => {
      let replica = '';
      const channel: Channel = new ControlChannel<
        Record<string, never>,
        EnvelopeNotifications,
        ProcletRequests,
        ProcletNotifications
      >(socket, {
        requests: {
          RegisterReplica: (registration) => {
            if (registration.token !== 'secret') throw new ControlError('UNAUTHENTICATED', 'wrong token');
            replica = registration.replica;
            this.registered.set(replica, { channel, registration });
            this.phases.set(replica, registration.phase);
            return { healthIntervalMs: 20 };
          },
          ComponentsToHost: () => ({
            components: [],
            main: false,
            mainConfig: {},
            defaultTimeoutMs: 5000,
            ...this.#hosting.get(replica),
          }),
          StartComponent: ({ component }) => ({
            routing: this.#routing.get(component) ?? {
              component,
              epoch: 0,
              replicas: [],
              assignment: undefined,
            },
          }),
        },
        notifications: {
          Health: ({ phase }) => void this.phases.set(replica, phase),
          Load: () => {},
          ListenerOpened: (opened) => void this.listeners.push(opened),
          OwnershipSettled: ({ component, epoch }) => void this.settled.set(`${replica} ${component}`, epoch),
          Logs: ({ entries }) => void this.logs.push(...entries),
          Traces: ({ spans }) => void this.spans.push(...spans),
          Failed: (failed) => void this.failures.push(failed),
        },
        closed: () => {
          if (this.registered.get(replica)?.channel === channel) this.registered.delete(replica);
        },
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(join(this.folder, 'control.sock'), resolve));
  }

  /** Routes the component to these replicas, and tells every proclet. */
  route(component: string, replicas: readonly string[], assignment?: SliceAssignment): void {
    const routing: ComponentRouting = {
      component,
      epoch: ++this.#epoch,
      replicas: replicas.flatMap((replica) => {
        const registration = this.registered.get(replica)?.registration;
        if (registration === undefined) return [];
        const { group, generation, address } = registration;
        return [{ replica, group, generation, address }];
      }),
      assignment,
    };
    this.#routing.set(component, routing);
    for (const { channel } of this.registered.values()) channel.notify('Routing', routing);
  }

  /** Of the newest routing. */
  get epoch(): number {
    return this.#epoch;
  }

  lease(replica: string, until: number): void {
    this.registered.get(replica)?.channel.notify('OwnershipLease', { until });
  }

  shutdown(replica: string): void {
    this.registered.get(replica)?.channel.notify('Shutdown', { graceMs: 2000 });
  }

  /** As a daemon that dies: the socket is gone and every connection with it. */
  async crash(): Promise<void> {
    for (const { channel } of this.registered.values()) void channel.close();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async close(): Promise<void> {
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for something that another task does; the test's own timeout is the bound. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}
