import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { Address } from '../protocol/address.js';
import { bind } from './bind.js';
import { encodeCallHeader } from './call-header.js';
import type { Clock } from './clock.js';
import type { Grant } from './flow-control.js';
import { FrameKind, frameOf, PROTOCOL_VERSION } from './frame.js';
import { FrameParser } from './frame-parser.js';
import { encodeHello, encodeWelcome, type Hello } from './handshake.js';
import { type ConnectOptions, connect, type ListenOptions, listen } from './index.js';
import type {
  ClientConnection,
  IncomingCall,
  OutgoingCall,
  ReplicaIdentity,
  TransportServer,
} from './transport.js';

export const TOKEN = 'a token of the app';
export const CALLER: ReplicaIdentity = {
  app: 'shop',
  version: 'v1',
  group: 'web',
  replica: 'web-1',
  generation: 3,
};
export const CALLEE: ReplicaIdentity = {
  app: 'shop',
  version: 'v1',
  group: 'cart',
  replica: 'cart-1',
  generation: 7,
};

export type AddressKind = Address['kind'];
export const ADDRESS_KINDS: readonly AddressKind[] = ['tcp', 'unix'];

/** What a test's methods throw across the wire. */
export class Thrown extends Error {}

export type Handler = (call: IncomingCall, argument: string) => unknown;

/** A call of a method that takes and gives a string. */
export function outgoing(
  method: number,
  argument = '',
  { signal, ...header }: Partial<OutgoingCall['header']> & { signal?: AbortSignal } = {},
): OutgoingCall {
  return {
    method,
    header: { timeoutMs: undefined, trace: undefined, metadata: undefined, keyHash: undefined, ...header },
    signal,
    encodeArguments: (writer) => writer.writeString(argument),
    decodeResult: (reader) => reader.readString(),
    decodeThrown: (reader) => new Thrown(reader.readString()),
  };
}

export type TestServer = TransportServer & { readonly address: Address };

/** The servers, connections and sockets of one test, and their end. */
export class Rig {
  readonly #folder = mkdtempSync(join(tmpdir(), 'weaverd-transport-'));
  readonly #ends: (() => unknown)[] = [];
  #sockets = 0;

  address(kind: AddressKind): Address {
    return kind === 'tcp'
      ? { kind, host: '127.0.0.1', port: 0 }
      : { kind, path: join(this.#folder, `${this.#sockets++}.sock`) };
  }

  /** Method n is answered by the handler n. */
  async serve(
    kind: AddressKind,
    handlers: readonly Handler[],
    options: Partial<ListenOptions> = {},
  ): Promise<TestServer> {
    const server = await listen(this.address(kind), {
      identity: CALLEE,
      token: TOKEN,
      receiver: {
        receive(call) {
          const argument = call.arguments.readString();
          const handler = handlers[call.method];
          if (handler === undefined) call.reject('NOT_FOUND', `no method ${call.method}`, 'no');
          else handler(call, argument);
        },
      },
      ...options,
    });
    this.#ends.push(() => server.close());
    return server;
  }

  async connect(address: Address, options: Partial<ConnectOptions> = {}): Promise<ClientConnection> {
    const connection = await connect(address, {
      identity: CALLER,
      expect: CALLEE,
      token: TOKEN,
      ...options,
    });
    this.#ends.push(() => connection.close());
    return connection;
  }

  /** A peer that speaks in bytes. */
  async raw(address: Address): Promise<RawPeer> {
    const socket =
      address.kind === 'unix'
        ? connectSocket({ path: address.path })
        : connectSocket({ host: address.host, port: address.port });
    this.#ends.push(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawPeer(socket);
  }

  /** A callee that speaks in bytes: it has welcomed the caller, and does nothing more. */
  async connectToRaw(
    kind: AddressKind,
    options: Partial<ConnectOptions> = {},
  ): Promise<{ readonly connection: ClientConnection; readonly peer: RawPeer }> {
    const peers: RawPeer[] = [];
    const address = await this.listenRaw(kind, (peer) => {
      peers.push(peer);
      peer.write(welcomeFrame());
    });
    const connection = await this.connect(address, options);
    const [peer] = peers;
    if (peer === undefined) throw new Error('nobody was accepted');
    return { connection, peer };
  }

  async listenRaw(kind: AddressKind, onPeer: (peer: RawPeer) => void): Promise<Address> {
    const server = createServer((socket) => {
      this.#ends.push(() => socket.destroy());
      onPeer(new RawPeer(socket));
    });
    const address = await bind(server, this.address(kind));
    this.#ends.push(() => server.close());
    return address;
  }

  atEnd(end: () => unknown): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface ReceivedFrame {
  readonly kind: number;
  readonly callId: number;
  readonly body: Buffer;
}

export class RawPeer {
  readonly frames: ReceivedFrame[] = [];
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<void>;
  #closed = false;
  #changed: () => void = () => {};

  constructor(readonly socket: Socket) {
    const parser = new FrameParser(2 ** 24, (kind, callId, bytes, start, end) => {
      this.frames.push({ kind, callId, body: Buffer.from(bytes.subarray(start, end)) });
      this.#changed();
    });
    socket.on('data', (chunk: Buffer) => parser.push(chunk));
    // Being cut off is what many of these peers ask for: `ended` tells of it.
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#closed = true;
        this.#changed();
        resolve();
      });
    });
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  hello(changes: Partial<Hello> = {}): void {
    this.write(helloFrame(changes));
  }

  /** The first frame that matches, once it is there. */
  async frame(kind: number): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.frames.find((frame) => frame.kind === kind);
      if (found !== undefined) return found;
      if (this.#closed) throw new Error(`closed before a frame of kind ${kind} came`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

export function helloFrame(changes: Partial<Hello> = {}): Buffer {
  const hello = {
    protocol: PROTOCOL_VERSION,
    caller: CALLER,
    callee: CALLEE,
    token: TOKEN,
    maxFrameBytes: 2 ** 24,
    compression: false,
  };
  return frameOf(FrameKind.HELLO, encodeHello({ ...hello, ...changes }));
}

export function welcomeFrame(callee = CALLEE, compression = false): Buffer {
  return frameOf(
    FrameKind.WELCOME,
    encodeWelcome({ protocol: PROTOCOL_VERSION, callee, maxFrameBytes: 2 ** 24, compression }),
  );
}

/** A call as a caller sends it that speaks in bytes. */
export function callFrame(callId: number, call: OutgoingCall, credit?: Grant): Buffer {
  const writer = new Writer();
  if (credit !== undefined) {
    writer.writeUint32(credit.items);
    writer.writeUint32(credit.bytes);
  }
  writer.writeUint16(call.method);
  encodeCallHeader(writer, call.header);
  call.encodeArguments(writer);
  const kind = credit === undefined ? FrameKind.CALL : FrameKind.OPEN_STREAM;
  return frameOf(kind, writer.bytes.subarray(0, writer.position), callId);
}

/** A body that holds one string. */
export function textBody(text: string): Buffer {
  const writer = new Writer();
  writer.writeString(text);
  return writer.bytes.subarray(0, writer.position);
}

/** What the promise rejects with, which must be a RemoteCallError. */
export async function failureOf(promise: Promise<unknown>): Promise<RemoteCallError> {
  const outcome = await promise.then(
    (value) => new Error(`it resolved with ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (outcome instanceof RemoteCallError) return outcome;
  throw new Error('no RemoteCallError', { cause: outcome });
}

/** Resolves when the condition holds; looks each few milliseconds. The test's own timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Time that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #tasks = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  get scheduled(): number {
    return this.#tasks.size;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const task = { at: this.#now + delayMs, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#tasks].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#tasks.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
}
