import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { CHANNEL_OPTIONS } from './grpc-client.js';
import { type Fields, serializer } from './messages.js';
import { type MethodMessages, methodsOf, pathOf, type ServiceName, socketOf } from './services.js';

type Method = (...args: readonly unknown[]) => unknown;

/** Serves the methods of the component on its socket; resolves when it listens. */
export async function serve(name: ServiceName, instance: object, folder: string): Promise<void> {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [method, messages] of methodsOf(name)) {
    const request = serializer(messages.request);
    const answer = serializer(messages.answer);
    definition[method] = {
      path: pathOf(name, method),
      requestStream: false,
      responseStream: messages.streamed === true,
      requestSerialize: request.serialize,
      requestDeserialize: request.deserialize,
      responseSerialize: answer.serialize,
      responseDeserialize: answer.deserialize,
    };
    const call = (Reflect.get(instance, method) as Method).bind(instance);
    implementation[method] = messages.streamed ? streamed(call, messages) : unary(call, messages);
  }
  const server = new Server(CHANNEL_OPTIONS);
  server.addService(definition, implementation);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketOf(folder, name)}`, ServerCredentials.createInsecure(), (failure) =>
      failure === null ? resolve() : reject(failure),
    );
  });
}

function unary(call: Method, { fields, result }: MethodMessages): handleUnaryCall<Fields, Fields> {
  return async ({ request }, answer) => {
    try {
      const value = await call(...argumentsOf(request, fields));
      answer(null, result === undefined ? ((value ?? {}) as Fields) : { [result]: value });
    } catch (reason) {
      answer({ code: status.UNKNOWN, details: String(reason) });
    }
  };
}

function streamed(call: Method, { fields }: MethodMessages): handleServerStreamingCall<Fields, Fields> {
  return async (stream) => {
    try {
      const items = call(...argumentsOf(stream.request, fields)) as AsyncIterable<Fields>;
      for await (const item of items) stream.write(item);
      stream.end();
    } catch (reason) {
      stream.emit('error', { code: status.UNKNOWN, details: String(reason) });
    }
  };
}

/** A message that is not there is read as null. */
function argumentsOf(request: Fields, fields: readonly string[]): readonly unknown[] {
  return fields.map((field) => request[field] ?? undefined);
}
