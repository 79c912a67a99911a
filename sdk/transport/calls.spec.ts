import { expect } from 'chai';
import { TraceWords } from '../call/trace-context.js';
import { MalformedInput, TypeViolation } from '../codec/violations.js';
import { FrameKind, frameOf } from './frame.js';
import {
  ADDRESS_KINDS,
  CALLEE,
  CALLER,
  callFrame,
  failureOf,
  outgoing,
  Rig,
  type TestServer,
  Thrown,
  textBody,
  until,
} from './spec-support.js';
import type { CallHeader, ClientConnection, IncomingCall } from './transport.js';

const ECHO = 0;
const HOLD = 1;
const THROW = 2;
const REJECT = 3;
const LARGE = 4;
const VIOLATE = 5;
const TWICE = 6;

for (const kind of ADDRESS_KINDS) {
  describe(`Calls over ${kind}`, () => {
    let rig: Rig;
    let server: TestServer;
    let connection: ClientConnection;
    let received: string[];
    let held: IncomingCall[];
    let headers: CallHeader[];

    const handlers = [
      (call: IncomingCall, text: string) => {
        received.push(text);
        headers.push(call.header);
        if (text.length % 2 === 0) call.succeed((writer) => writer.writeString(text));
        else setImmediate(() => call.succeed((writer) => writer.writeString(text)));
      },
      (call: IncomingCall, text: string) => {
        received.push(text);
        held.push(call);
      },
      (call: IncomingCall, text: string) => call.throw((writer) => writer.writeString(text)),
      (call: IncomingCall) => call.reject('STALE_OWNER', 'moved', 'no'),
      (call: IncomingCall) => call.succeed((writer) => writer.writeString('x'.repeat(200_000))),
      (call: IncomingCall) =>
        call.succeed(() => {
          throw new TypeViolation('total', 'number', 'string');
        }),
      (call: IncomingCall) => {
        call.succeed((writer) => writer.writeString('first'));
        expect(() => call.succeed((writer) => writer.writeString('second'))).to.throw('answered twice');
      },
    ];

    beforeEach(async () => {
      rig = new Rig();
      received = [];
      held = [];
      headers = [];
      server = await rig.serve(kind, handlers);
      connection = await rig.connect(server.address);
    });
    afterEach(() => rig.end());

    it('brings each answer to its own call, of any size, in any order', async () => {
      const texts = Array.from({ length: 300 }, (_, i) => `${i} `.repeat((i * 37) % 500));
      texts.push('large '.repeat(200_000));
      const answers = await Promise.all(texts.map((text) => connection.call(outgoing(ECHO, text))));
      expect(answers).to.deep.equal(texts);
      expect(connection.outstanding).to.equal(0);
      expect(connection.peer).to.deep.equal(CALLEE);
    });

    it('carries deadline, trace, metadata and who calls', async () => {
      const trace = { traceId: '0123456789abcdef'.repeat(2), spanId: 'fedcba9876543210', sampled: true };
      const metadata = new Map([['user', 'änn']]);
      await connection.call(outgoing(ECHO, '', { timeoutMs: 5_000, trace, metadata }));
      expect(headers).to.deep.equal([
        { timeoutMs: 5_000, trace: TraceWords.from(trace), metadata, keyHash: undefined },
      ]);
      expect(headers[0]?.trace).to.include(trace);
      const answer = connection.call(outgoing(HOLD));
      await until(() => held.length === 1);
      expect(held[0]?.caller).to.deep.equal(CALLER);
      held[0]?.succeed((writer) => writer.writeString(''));
      await answer;
    });

    it('brings what the app throws, and what the runtime refuses', async () => {
      const thrown = await connection.call(outgoing(THROW, 'no stock')).catch((error: unknown) => error);
      expect(thrown).to.be.instanceOf(Thrown).with.property('message', 'no stock');
      const refused = await failureOf(connection.call(outgoing(REJECT)));
      expect(refused).to.include({ code: 'STALE_OWNER', executed: 'no', replica: 'cart-1' });
    });

    it('passes a violation of an argument’s type through, and sends nothing of the call', async () => {
      const violation = new TypeViolation('item.quantity', 'number', 'string');
      const call = {
        ...outgoing(ECHO),
        encodeArguments: (writer: { writeString(text: string): void }) => {
          writer.writeString('half');
          throw violation;
        },
      };
      const all = [
        connection.call(outgoing(ECHO, 'a')),
        connection.call(call),
        connection.call(outgoing(ECHO, 'b')),
      ];
      const [first, second, third] = await Promise.allSettled(all);
      expect(second).to.deep.equal({ status: 'rejected', reason: violation });
      expect([first, third]).to.deep.equal([
        { status: 'fulfilled', value: 'a' },
        { status: 'fulfilled', value: 'b' },
      ]);
      expect(received).to.deep.equal(['a', 'b']);
    });

    it('names a result that violates its type, and takes only one answer', async () => {
      const failure = await failureOf(connection.call(outgoing(VIOLATE)));
      expect(failure).to.include({ code: 'INVALID_RESULT', executed: 'yes' });
      expect(failure.message).to.contain('total: expected number, got string');
      expect(await connection.call(outgoing(TWICE))).to.equal('first');
    });

    it('refuses messages that are too large, on either side, and goes on', async () => {
      const small = await rig.connect(server.address, { limits: { maxFrameBytes: 100_000 } });
      const argument = await failureOf(small.call(outgoing(ECHO, 'x'.repeat(100_000))));
      expect(argument).to.include({ code: 'MESSAGE_TOO_LARGE', executed: 'no' });
      const result = await failureOf(small.call(outgoing(LARGE)));
      expect(result).to.include({ code: 'MESSAGE_TOO_LARGE', executed: 'yes' });
      expect(received).to.deep.equal([]);
      expect(await small.call(outgoing(ECHO, 'small'))).to.equal('small');
    });

    it('fails only the call whose answer is malformed', async () => {
      const malformed = {
        ...outgoing(ECHO),
        decodeResult: () => {
          throw new MalformedInput('no such branch');
        },
      };
      const beside = connection.call(outgoing(ECHO, 'beside'));
      const failure = await failureOf(connection.call(malformed));
      expect(failure).to.include({ code: 'PROTOCOL_ERROR', executed: 'yes' });
      const leftover = { ...outgoing(ECHO, 'more than is read'), decodeResult: () => 'read nothing' };
      expect(await failureOf(connection.call(leftover))).to.include({
        code: 'PROTOCOL_ERROR',
        executed: 'yes',
      });
      expect(await beside).to.equal('beside');
      expect(await connection.call(outgoing(ECHO, 'after'))).to.equal('after');
    });

    it('bounds the calls in flight, at the caller', async () => {
      const narrow = await rig.connect(server.address, { limits: { maxCallsInFlight: 2 } });
      const both = [narrow.call(outgoing(HOLD, 'a')), narrow.call(outgoing(HOLD, 'b'))];
      expect(narrow.outstanding).to.equal(2);
      const third = await failureOf(narrow.call(outgoing(HOLD, 'c')));
      expect(third).to.include({ code: 'RESOURCE_EXHAUSTED', executed: 'no' });
      await until(() => held.length === 2);
      for (const call of held) call.succeed((writer) => writer.writeString('done'));
      expect(await Promise.all(both)).to.deep.equal(['done', 'done']);
      expect(received).to.deep.equal(['a', 'b']);
    });

    it('bounds the calls in flight, at the callee: also those whose caller has gone', async () => {
      const narrow = await rig.serve(kind, handlers, { limits: { maxCallsInFlight: 2 } });
      const wide = await rig.connect(narrow.address);
      const controller = new AbortController();
      const first = failureOf(wide.call(outgoing(HOLD, 'a', { signal: controller.signal })));
      const second = wide.call(outgoing(HOLD, 'b'));
      await until(() => held.length === 2);
      controller.abort();
      await first;
      const third = await failureOf(wide.call(outgoing(HOLD, 'c')));
      expect(third).to.include({ code: 'RESOURCE_EXHAUSTED', executed: 'no' });
      for (const call of held) call.succeed((writer) => writer.writeString('done'));
      expect(await second).to.equal('done');
      expect(await wide.call(outgoing(ECHO, 'room again'))).to.equal('room again');
      expect(received).to.deep.equal(['a', 'b', 'room again']);
    });

    it('bounds the bytes that wait for a callee that does not read', async () => {
      const limits = { maxQueuedBytes: 1_000_000 };
      const { connection: stuck, peer } = await rig.connectToRaw(kind, { limits });
      peer.socket.pause();
      const failures: unknown[] = [];
      for (let i = 0; i < 200 && failures.length === 0; i++) {
        stuck.call(outgoing(ECHO, 'x'.repeat(200_000))).catch((error: unknown) => failures.push(error));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(failures[0]).to.include({ code: 'RESOURCE_EXHAUSTED', executed: 'no' });
    });

    it('ends a call at its deadline, and tells the callee', async () => {
      const failure = failureOf(connection.call(outgoing(HOLD, '', { timeoutMs: 29.25 })));
      await until(() => held.length === 1);
      const { signal } = held[0] as IncomingCall;
      expect(await failure).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'unknown' });
      expect((await failure).message).to.contain('no answer within 30 ms');
      await until(() => signal.aborted);
      held[0]?.succeed((writer) => writer.writeString('too late'));
      expect(await connection.call(outgoing(ECHO, 'next'))).to.equal('next');
    });

    it('ends a call at its deadline without hearing from the caller', async () => {
      const peer = await rig.raw(server.address);
      peer.hello();
      peer.write(callFrame(1, outgoing(HOLD, '', { timeoutMs: 20 })));
      const { body, callId } = await peer.frame(FrameKind.FAILURE);
      expect([callId, body.toString('latin1')].join()).to.contain('no answer within 20 ms');
      expect(held[0]?.signal).to.have.property('aborted', true);
      expect(held[0]?.signal.reason).to.have.property('code', 'DEADLINE_EXCEEDED');
    });

    it('does not send a call whose deadline has passed', async () => {
      const failure = await failureOf(connection.call(outgoing(ECHO, 'late', { timeoutMs: 0 })));
      expect(failure).to.include({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
      await connection.call(outgoing(ECHO, 'next'));
      expect(received).to.deep.equal(['next']);
    });

    it('ignores answers to calls that it does not have', async () => {
      const { connection: other, peer } = await rig.connectToRaw(kind);
      const answer = other.call(outgoing(ECHO, 'question'));
      const { callId } = await peer.frame(FrameKind.CALL);
      for (const wrong of [callId + 1, callId + 2 ** 16, 0, 2 ** 32 - 1]) {
        peer.write(frameOf(FrameKind.RESULT, textBody('wrong'), wrong));
        peer.write(
          frameOf(FrameKind.ITEM, textBody('wrong'), wrong),
          frameOf(FrameKind.END, textBody(''), wrong),
        );
      }
      peer.write(frameOf(FrameKind.RESULT, textBody('right'), callId));
      expect(await answer).to.equal('right');
    });

    it('answers for a receiver that throws', async () => {
      const receiver = {
        receive() {
          throw new Error('a bug');
        },
      };
      const broken = await rig.serve(kind, [], { receiver });
      const other = await rig.connect(broken.address);
      const failure = await failureOf(other.call(outgoing(ECHO)));
      expect(failure).to.include({ code: 'INTERNAL', executed: 'unknown' });
      expect(failure.message).to.contain('a bug');
      expect(other.state).to.equal('open');
    });

    it('fails a call that is answered with a stream', async () => {
      const { connection: other, peer } = await rig.connectToRaw(kind);
      const answer = failureOf(other.call(outgoing(ECHO)));
      const { callId } = await peer.frame(FrameKind.CALL);
      peer.write(frameOf(FrameKind.ITEM, textBody('item'), callId));
      expect(await answer).to.include({ code: 'PROTOCOL_ERROR', executed: 'unknown' });
      expect(other.state).to.equal('open');
    });
  });
}
