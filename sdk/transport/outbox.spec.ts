import { expect } from 'chai';
import fc from 'fast-check';
import { MessageTooLarge } from '../codec/violations.js';
import { FRAME_HEADER_BYTES, FrameKind } from './frame.js';
import { FrameParser } from './frame-parser.js';
import { type ByteSink, Outbox } from './outbox.js';

/** Takes everything at once, or nothing until told. */
class FakeSink implements ByteSink {
  readonly taken: Buffer[] = [];
  writes = 0;
  stuck = false;
  #pending: { readonly bytes: Uint8Array; readonly done: () => void }[] = [];

  get writableLength(): number {
    return this.#pending.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.writes++;
    if (this.stuck) this.#pending.push({ bytes, done });
    else this.taken.push(Buffer.from(bytes));
  }

  /** The system takes what it was given. */
  take(): void {
    for (const { bytes, done } of this.#pending.splice(0)) {
      this.taken.push(Buffer.from(bytes));
      done();
    }
  }
}

const LIMITS = { maxFrameBytes: 100_000, maxQueuedBytes: 1_000_000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function parse(chunks: readonly Buffer[]): string[] {
  const frames: string[] = [];
  const parser = new FrameParser(2 ** 24, (kind, callId, bytes, start, end) => {
    frames.push(`${kind}:${callId}:${bytes.toString('latin1', start, end)}`);
  });
  for (const chunk of chunks) parser.push(chunk);
  expect(parser.bufferedBytes).to.equal(0);
  return frames;
}

function send(outbox: Outbox, callId: number, body: string): void {
  outbox.send(FrameKind.CALL, callId, (writer) => writer.writeRaw(Buffer.from(body, 'latin1')));
}

describe('Outbox', () => {
  it('sends an item of 64 KiB as one frame, from the buffer that it keeps', async () => {
    const sink = new FakeSink();
    const outbox = new Outbox(sink, LIMITS);
    const item = Buffer.alloc(64 * 1024, 1);
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 3; i++) {
      outbox.send(FrameKind.ITEM, 1, (writer) => writer.writeBytes(item));
      await turn();
      buffers.add(outbox.writer.bytes.buffer);
    }
    const kinds = parse(sink.taken).map((frame) => Number(frame.slice(0, frame.indexOf(':'))));
    expect(kinds).to.deep.equal(Array(3).fill(FrameKind.ITEM));
    expect(buffers.size).to.equal(1);
  });

  it('writes the frames of one turn together', async () => {
    const sink = new FakeSink();
    const outbox = new Outbox(sink, LIMITS);
    for (let i = 1; i <= 20; i++) send(outbox, i, `call ${i}`);
    expect(sink.writes).to.equal(0);
    await turn();
    expect(sink.writes).to.equal(1);
    expect(parse(sink.taken)).to.have.length(20);
  });

  it('writes early when much has gathered', () => {
    const sink = new FakeSink();
    const outbox = new Outbox(sink, LIMITS);
    send(outbox, 1, 'x'.repeat(50_000));
    expect(sink.writes).to.equal(1);
  });

  it('leaves nothing behind of a frame whose encoder throws', async () => {
    const sink = new FakeSink();
    const outbox = new Outbox(sink, LIMITS);
    send(outbox, 1, 'before');
    expect(() =>
      outbox.send(FrameKind.CALL, 2, (writer) => {
        writer.writeString('half of it');
        throw new Error('no more');
      }),
    ).to.throw('no more');
    expect(() => send(outbox, 3, 'x'.repeat(LIMITS.maxFrameBytes))).to.throw(MessageTooLarge, '100000 bytes');
    send(outbox, 4, 'after');
    await turn();
    expect(parse(sink.taken)).to.deep.equal(['4:1:before', '4:4:after']);
  });

  it('refuses a call within the encoding of another, and defers what may not be refused', async () => {
    const sink = new FakeSink();
    const outbox = new Outbox(sink, LIMITS);
    outbox.send(FrameKind.CALL, 1, (writer) => {
      expect(() => send(outbox, 2, 'inner')).to.throw('a getter of theirs makes calls');
      outbox.sendEmpty(FrameKind.CANCEL, 3);
      writer.writeRaw(Buffer.from('outer'));
    });
    await turn();
    expect(parse(sink.taken)).to.deep.equal(['4:1:outer', '12:3:']);
  });

  it('loses, repeats and reorders nothing, however the system takes it', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 60_000 }).map((size) => ({ kind: 'send', size }) as const),
        fc.constantFrom({ kind: 'stick' } as const, { kind: 'take' } as const, { kind: 'turn' } as const),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const sink = new FakeSink();
        const outbox = new Outbox(sink, { ...LIMITS, maxQueuedBytes: 2 ** 30 });
        const sent: string[] = [];
        for (const step of list) {
          if (step.kind === 'send') {
            const body = String.fromCharCode(97 + (sent.length % 26)).repeat(step.size);
            const before = outbox.offset;
            send(outbox, sent.length + 1, body);
            expect(outbox.offset - before).to.equal(FRAME_HEADER_BYTES + step.size);
            sent.push(`4:${sent.length + 1}:${body}`);
          } else if (step.kind === 'turn') await turn();
          else {
            sink.stuck = step.kind === 'stick';
            if (step.kind === 'take') sink.take();
          }
        }
        sink.stuck = false;
        await turn();
        sink.take();
        await turn();
        expect(parse(sink.taken)).to.deep.equal(sent);
        expect(outbox.queuedBytes).to.equal(0);
        expect(outbox.handedOverBytes).to.equal(outbox.offset);
      }),
      { numRuns: 50 },
    );
  });

  it('knows what was certainly not handed over, and can withdraw it', async () => {
    const sink = new FakeSink();
    sink.stuck = true;
    const outbox = new Outbox(sink, LIMITS);
    send(outbox, 1, 'written');
    await turn();
    const waiting = outbox.offset;
    send(outbox, 2, 'waits');
    await turn();
    expect(outbox.handedOverBytes).to.equal(waiting);
    expect(outbox.withdraw(0, FrameKind.WITHDRAWN)).to.equal(false);
    expect(outbox.withdraw(waiting, FrameKind.WITHDRAWN)).to.equal(true);
    sink.stuck = false;
    sink.take();
    expect(parse(sink.taken)).to.deep.equal(['4:1:written', '16:2:waits']);
  });

  it('tells when there is room again', async () => {
    const sink = new FakeSink();
    sink.stuck = true;
    const outbox = new Outbox(sink, { ...LIMITS, maxQueuedBytes: 50_000 });
    send(outbox, 1, 'x'.repeat(60_000));
    expect(outbox.hasRoom).to.equal(false);
    let told = 0;
    outbox.whenRoom(() => told++);
    await turn();
    expect(told).to.equal(0);
    sink.take();
    expect([outbox.hasRoom, told]).to.deep.equal([true, 1]);
  });

  it('ends when everything was handed over', async () => {
    const sink = new FakeSink();
    sink.stuck = true;
    const outbox = new Outbox(sink, LIMITS);
    send(outbox, 1, 'first');
    await turn();
    send(outbox, 2, 'last');
    let ended = false;
    outbox.end(() => {
      ended = true;
    });
    expect(ended).to.equal(false);
    sink.take();
    expect(ended).to.equal(true);
    send(outbox, 3, 'too late');
    await turn();
    sink.take();
    expect(parse(sink.taken)).to.deep.equal(['4:1:first', '4:2:last']);
  });
});
