import { type ChannelOptions, Client, credentials, Metadata } from '@grpc/grpc-js';
import { type Fields, serializer } from './messages.js';
import { type MethodMessages, methodsOf, pathOf, type ServiceName, socketOf } from './services.js';

/** As the documentation advises: one channel for all calls, kept alive, without the bookkeeping for channelz. */
export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.enable_channelz': 0,
};

/** As long as a request of a visitor may take. */
const TIMEOUT_MS = 5_000;

/** An object with the methods of the component, and `with` for another deadline. */
export function clientOf(name: ServiceName, folder: string): object {
  const channel = new Client(`unix:${socketOf(folder, name)}`, credentials.createInsecure(), CHANNEL_OPTIONS);
  const methods = methodsOf(name).map(
    ([method, messages]) => [method, caller(channel, pathOf(name, method), messages)] as const,
  );
  const withTimeout = (timeoutMs: number): object => ({
    ...Object.fromEntries(
      methods.map(([method, call]) => [method, (...args: readonly unknown[]) => call(args, timeoutMs)]),
    ),
    with: ({ timeout = timeoutMs }: { readonly timeout?: number }) => withTimeout(timeout),
  });
  return withTimeout(TIMEOUT_MS);
}

type Caller = (args: readonly unknown[], timeoutMs: number) => Promise<unknown> | AsyncIterable<unknown>;

function caller(channel: Client, path: string, messages: MethodMessages): Caller {
  const { fields, result, streamed } = messages;
  const { serialize } = serializer(messages.request);
  const { deserialize } = serializer(messages.answer);
  const noMetadata = new Metadata();
  const requestOf = (args: readonly unknown[]): Fields => {
    const request: Record<string, unknown> = {};
    for (let at = 0; at < fields.length; at++) request[fields[at] ?? ''] = args[at];
    return request;
  };
  if (streamed) {
    return (args, timeoutMs) =>
      channel.makeServerStreamRequest(path, serialize, deserialize, requestOf(args), {
        deadline: Date.now() + timeoutMs,
      });
  }
  return (args, timeoutMs) =>
    new Promise((resolve, reject) => {
      channel.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        requestOf(args),
        noMetadata,
        { deadline: Date.now() + timeoutMs },
        (failure, answer) => {
          if (failure !== null) reject(failure);
          else resolve(result === undefined ? answer : answer?.[result]);
        },
      );
    });
}
