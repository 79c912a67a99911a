import { expect } from 'chai';
import fc from 'fast-check';
import { Assembler } from './assembler.js';
import { brotli } from './compression/brotli.js';
import { decompressFrame } from './compression/compressed-frame.js';
import { CHUNK_BYTES, CHUNK_WINDOW_BYTES, FrameKind, MAX_BEGUN_MESSAGES } from './frame.js';
import { FrameParser } from './frame-parser.js';
import type { LargeMessage } from './large-messages.js';
import { type ByteSink, Outbox } from './outbox.js';

const LIMITS = { maxFrameBytes: 400_000, maxQueuedBytes: 2 ** 30 };

/** A sender and a receiver, with the bytes between them in the test's hand. */
class Pair {
  readonly received: { readonly callId: number; readonly kind: number; readonly body: string }[] = [];
  readonly outbox: Outbox;
  /** Handed over and not delivered. */
  #wire = Buffer.alloc(0);
  #delivered = 0;
  #ungranted = 0;
  readonly #assembler = new Assembler(LIMITS.maxFrameBytes);
  readonly #parser = new FrameParser(LIMITS.maxFrameBytes, (kind, callId, bytes, start, end) =>
    this.#frame(kind, callId, bytes, start, end),
  );

  constructor() {
    const sink: ByteSink = {
      writableLength: 0,
      write: (bytes) => {
        this.#wire = Buffer.concat([this.#wire, bytes]);
      },
    };
    this.outbox = new Outbox(sink, LIMITS);
  }

  get delivered(): number {
    return this.#delivered;
  }

  get undelivered(): number {
    return this.#wire.length;
  }

  deliver(bytes: number): void {
    const part = Buffer.from(this.#wire.subarray(0, bytes));
    this.#wire = Buffer.from(this.#wire.subarray(bytes));
    this.#delivered += part.length;
    this.#parser.push(part);
    expect(this.#assembler.size).to.be.at.most(MAX_BEGUN_MESSAGES);
    expect(this.#assembler.allocatedBytes).to.be.at.most(MAX_BEGUN_MESSAGES * LIMITS.maxFrameBytes);
    expect(this.#ungranted).to.be.at.most(CHUNK_WINDOW_BYTES);
  }

  /** From here on large bodies are compressed, or not. */
  compress(level: number | undefined): void {
    this.outbox.compressFrom(level && 4096, (body) => brotli.compress(body, level ?? 0));
  }

  grant(): void {
    const granted = this.#ungranted;
    this.#ungranted = 0;
    expect(this.outbox.grantChunks(granted)).to.equal(true);
  }

  /** Until nothing moves. */
  async settle(): Promise<void> {
    for (;;) {
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      if (this.undelivered === 0 && this.#ungranted === 0) return;
      this.deliver(this.undelivered);
      this.grant();
    }
  }

  get heldMessages(): number {
    return this.#assembler.size;
  }

  #frame(kind: number, callId: number, bytes: Buffer, start: number, end: number, wire = 0): void {
    switch (kind) {
      case FrameKind.WITHDRAWN:
        return;
      case FrameKind.COMPRESSED: {
        const plain = decompressFrame(bytes, start, end, { codec: brotli, ...LIMITS });
        this.#frame(plain.kind, callId, plain.body, 0, plain.body.length, end - start);
        return;
      }
      case FrameKind.FIRST_CHUNK:
        this.#ungranted += wire || end - start - 5;
        this.#assembler.first(callId, bytes, start, end);
        return;
      case FrameKind.CHUNK: {
        this.#ungranted += wire || end - start;
        const message = this.#assembler.next(callId, bytes, start, end);
        if (message !== undefined)
          this.received.push({ callId, kind: message.kind, body: message.body.toString('latin1') });
        return;
      }
      default:
        this.#assembler.drop(callId);
        this.received.push({ callId, kind, body: bytes.toString('latin1', start, end) });
    }
  }
}

interface Sent {
  readonly callId: number;
  readonly body: string;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly large: LargeMessage | undefined;
}

function send(
  pair: Pair,
  callId: number,
  size: number,
  mark: number,
  kind: FrameKind = FrameKind.ITEM,
): Sent {
  const body = String.fromCharCode(97 + (mark % 26)).repeat(size);
  const { outbox } = pair;
  const startOffset = outbox.offset;
  const start = outbox.begin(kind, callId);
  outbox.writer.writeRaw(Buffer.from(body, 'latin1'));
  const endOffset = outbox.offset;
  return { callId, body, startOffset, endOffset, large: outbox.commit(start) };
}

const size = fc.oneof(
  fc.nat(200),
  fc.integer({ min: 4_090, max: 9_000 }),
  fc.integer({ min: CHUNK_BYTES - 2, max: 390_000 }),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), size, call: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('deliver' as const), bytes: fc.oneof(fc.nat(40), fc.nat(200_000)) }),
  fc.constantFrom({ kind: 'grant' as const }, { kind: 'turn' as const }),
  fc.record({ kind: fc.constant('compress' as const), level: fc.constantFrom(undefined, 1) }),
);

describe('Messages in chunks', () => {
  it('arrive whole, and in the order of their call, however they are cut, compressed, taken and granted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const pair = new Pair();
        const sent: Sent[] = [];
        for (const each of steps) {
          if (each.kind === 'send') sent.push(send(pair, each.call, each.size, sent.length));
          else if (each.kind === 'deliver') pair.deliver(each.bytes);
          else if (each.kind === 'grant') pair.grant();
          else if (each.kind === 'compress') pair.compress(each.level);
          else await new Promise((resolve) => setImmediate(resolve));
        }
        await pair.settle();
        for (let callId = 1; callId <= 12; callId++) {
          const bodies = (list: readonly { readonly callId: number; readonly body: string }[]) =>
            list.filter((one) => one.callId === callId).map(({ body }) => body);
          expect(bodies(pair.received)).to.deep.equal(bodies(sent));
        }
        expect([pair.outbox.queuedBytes, pair.heldMessages]).to.deep.equal([0, 0]);
      }),
      { numRuns: 40 },
    );
  });

  it('are received exactly when their last byte is, at whatever byte the connection is cut', async () => {
    const pair = new Pair();
    const sizes = [10, 200_000, 5, 70_000, 0, 130_000];
    const sent = sizes.map((bytes, i) => send(pair, i + 1, bytes, i));
    const ends = () =>
      sent
        .filter(({ large, endOffset }) => (large?.endOffset ?? endOffset) <= pair.delivered)
        .map(({ callId }) => callId)
        .sort();
    for (;;) {
      while (pair.undelivered > 0) {
        // Each byte about the borders of frames, and larger steps within them.
        pair.deliver(pair.delivered % CHUNK_BYTES < 200 || pair.undelivered < 200 ? 1 : 97);
        expect(pair.received.map(({ callId }) => callId).sort()).to.deep.equal(ends());
      }
      pair.grant();
      const before = pair.delivered;
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      if (pair.undelivered === 0 && pair.delivered === before) break;
    }
    expect(pair.received).to.have.length(sizes.length);
  });

  it('that were withdrawn in time are never received, and free their credit and their place', async () => {
    const withdrawals = fc.array(
      fc.oneof(step, fc.record({ kind: fc.constant('withdraw' as const), which: fc.nat(7) })),
      {
        maxLength: 40,
      },
    );
    await fc.assert(
      fc.asyncProperty(withdrawals, async (steps) => {
        const pair = new Pair();
        const open: Sent[] = [];
        const withdrawn = new Set<number>();
        let calls = 0;
        for (const each of steps) {
          if (each.kind === 'send') open.push(send(pair, ++calls, each.size, calls, FrameKind.CALL));
          else if (each.kind === 'deliver') pair.deliver(each.bytes);
          else if (each.kind === 'grant') pair.grant();
          else if (each.kind === 'turn') await new Promise((resolve) => setImmediate(resolve));
          else if (each.kind === 'compress') pair.compress(each.level);
          else {
            const [call] = open.splice(each.which, 1);
            if (call === undefined) continue;
            const { large, callId, startOffset } = call;
            const unsent =
              large === undefined
                ? pair.outbox.withdraw(startOffset, FrameKind.WITHDRAWN)
                : pair.outbox.withdrawLarge(large);
            if (!unsent) continue;
            withdrawn.add(callId);
            if (large !== undefined && large.position > large.start)
              pair.outbox.sendEmpty(FrameKind.CANCEL, callId);
          }
        }
        await pair.settle();
        const received = pair.received
          .filter(({ kind }) => kind === FrameKind.CALL)
          .map(({ callId }) => callId);
        const expected = Array.from({ length: calls }, (_, i) => i + 1).filter((id) => !withdrawn.has(id));
        expect(received.sort((a, b) => a - b)).to.deep.equal(expected);
        expect(pair.heldMessages).to.equal(0);
        // All credit is there again: as much as a whole window passes.
        const last = send(pair, 99, 390_000, 1);
        await pair.settle();
        expect(pair.received.at(-1)?.body).to.equal(last.body);
      }),
      { numRuns: 40 },
    );
  });

  it('let small frames of other calls pass', async () => {
    const pair = new Pair();
    send(pair, 1, 390_000, 1);
    await new Promise((resolve) => setImmediate(resolve));
    send(pair, 2, 10, 2);
    await pair.settle();
    expect(pair.received.map(({ callId }) => callId)).to.deep.equal([2, 1]);
  });

  it('tell when the last is framed', async () => {
    const pair = new Pair();
    let told = 0;
    pair.outbox.afterLarge(() => told++);
    expect(told).to.equal(1);
    send(pair, 1, 200_000, 1);
    pair.outbox.afterLarge(() => told++);
    expect(told).to.equal(1);
    await pair.settle();
    expect(told).to.equal(2);
  });
});
