import {
  Client,
  credentials,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import {
  CHUNK,
  compute,
  ITEM_TEXT,
  isYcsb,
  type Operation,
  textOf,
  waitUpTo4Ms,
  type YcsbOperation,
} from '../operation.js';
import { nineProducts, type Product } from '../products.js';
import type { Peer } from './peer.js';

const { root } = protobuf.parse(
  `syntax = "proto3";
  message Text { string text = 1; }
  message Number { sint32 number = 1; }
  message Chunk { bytes bytes = 1; }
  message Price { string currency_code = 1; int32 units = 2; int32 nanos = 3; }
  message Product {
    string id = 1; string name = 2; string description = 3; string picture = 4; Price price = 5;
    repeated string categories = 6; int32 stock = 7; int32 weight_grams = 8; double rating = 9; bool discontinued = 10;
  }
  message ProductList { repeated Product products = 1; }`,
  { keepCase: false },
);

interface Serializer<T> {
  serialize(value: T): Buffer;
  deserialize(bytes: Buffer): T;
}

/** protobufjs compiles an encoder and a decoder of its own for each type, as its command line writes them to a file. */
function message<T extends object>(name: string): Serializer<T> {
  const type = root.lookupType(name);
  return {
    serialize: (value) => type.encode(value).finish() as Buffer,
    deserialize: (bytes) => type.decode(bytes) as unknown as T,
  };
}

const TEXT = message<{ readonly text: string }>('Text');
const NUMBER = message<{ readonly number: number }>('Number');
const CHUNK_MESSAGE = message<{ readonly bytes: Uint8Array }>('Chunk');
const LIST = message<{ readonly products: readonly Product[] }>('ProductList');

type GrpcOperation = Exclude<Operation, 'catalogue' | YcsbOperation>;

const PATHS: Readonly<Record<GrpcOperation, string>> = {
  'echo-30': '/bench.Echo/Echo',
  'echo-1000': '/bench.Echo/Echo',
  list: '/bench.Echo/List',
  wait: '/bench.Echo/Wait',
  work: '/bench.Echo/Work',
};

export const grpc: Peer = {
  async serve() {
    const server = new Server();
    const echo: handleUnaryCall<{ text: string }, { text: string }> = (call, answer) =>
      answer(null, { text: call.request.text });
    const wait: typeof echo = async (call, answer) => {
      await waitUpTo4Ms();
      answer(null, { text: call.request.text });
    };
    const list: handleUnaryCall<object, { products: readonly Product[] }> = (_, answer) =>
      answer(null, { products: nineProducts });
    const work: handleUnaryCall<object, { number: number }> = (_, answer) =>
      answer(null, { number: compute() });
    server.addService(
      {
        Echo: unary(PATHS['echo-30'], TEXT, TEXT),
        List: unary(PATHS.list, TEXT, LIST),
        Wait: unary(PATHS.wait, TEXT, TEXT),
        Work: unary(PATHS.work, TEXT, NUMBER),
        Items: { ...unary('/bench.Echo/Items', TEXT, TEXT), responseStream: true },
        Chunks: { ...unary('/bench.Echo/Chunks', TEXT, CHUNK_MESSAGE), responseStream: true },
      },
      {
        Echo: echo,
        List: list,
        Wait: wait,
        Work: work,
        Items: endless({ text: ITEM_TEXT }),
        Chunks: endless({ bytes: CHUNK }),
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return { endpoint: String(port) };
  },
  async connect(port) {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    const unaryCall = <Answer>(
      operation: GrpcOperation,
      answers: Serializer<Answer & object>,
      pick: (answer: Answer) => unknown,
    ) => {
      const request = { text: textOf(operation) };
      const path = PATHS[operation];
      return {
        kind: 'callback' as const,
        call(done: (failure: unknown, answer: unknown) => void) {
          client.makeUnaryRequest(
            path,
            TEXT.serialize,
            answers.deserialize,
            request,
            metadata,
            (failure, answer) => done(failure, answer === undefined ? undefined : pick(answer)),
          );
        },
      };
    };
    return {
      call(operation) {
        if (operation === 'catalogue' || isYcsb(operation)) return undefined;
        if (operation === 'list')
          return unaryCall<{ products: readonly Product[] }>(operation, LIST, (list) => list.products);
        if (operation === 'work')
          return unaryCall<{ number: number }>(operation, NUMBER, (work) => work.number);
        return unaryCall<{ text: string }>(operation, TEXT, (text) => text.text);
      },
      stream(operation, onItem) {
        return new Promise((resolve, reject) => {
          const path = operation === 'items' ? '/bench.Echo/Items' : '/bench.Echo/Chunks';
          const answers: Serializer<{ text?: string; bytes?: Uint8Array }> =
            operation === 'items' ? TEXT : CHUNK_MESSAGE;
          const items = client.makeServerStreamRequest(path, TEXT.serialize, answers.deserialize, {
            text: '',
          });
          items.on('data', ({ text, bytes }: { text?: string; bytes?: Uint8Array }) => {
            if (onItem(text?.length ?? bytes?.length ?? 0)) return;
            items.cancel();
            resolve();
          });
          items.on('error', reject);
        });
      },
    };
  },
};

function unary<Request, Answer>(path: string, request: Serializer<Request>, answer: Serializer<Answer>) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: answer.serialize,
    responseDeserialize: answer.deserialize,
  };
}

function endless<Item>(item: Item): handleServerStreamingCall<object, Item> {
  return (call) => {
    const write = () => {
      while (!call.cancelled) if (!call.write(item)) return;
    };
    (call as ServerWritableStream<object, Item>).on('drain', write);
    write();
  };
}
