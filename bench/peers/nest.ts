import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { compute, textOf, waitUpTo4Ms } from '../operation.js';
import { nineProducts } from '../products.js';
import { freePort } from './loopback.js';
import type { Peer } from './peer.js';

class EchoController {
  echo(text: string): string {
    return text;
  }

  list(): typeof nineProducts {
    return nineProducts;
  }

  work(): number {
    return compute();
  }

  async wait(text: string): Promise<string> {
    await waitUpTo4Ms();
    return text;
  }
}

class EchoModule {}

// What its decorators do; the syntax would need a compiler setting that nothing else here wants.
for (const name of ['echo', 'list', 'work', 'wait'] as const) {
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, name);
  if (descriptor !== undefined) MessagePattern(name)(EchoController.prototype, name, descriptor);
}
Controller()(EchoController);
Module({ controllers: [EchoController] })(EchoModule);

export const nest: Peer = {
  async serve() {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
      logger: false,
    });
    await app.listen();
    return { endpoint: String(port) };
  },
  async connect(port) {
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: Number(port) },
    });
    await client.connect();
    return {
      call(operation) {
        const pattern = operation.startsWith('echo') ? 'echo' : operation;
        const text = textOf(operation);
        return { kind: 'promise', call: () => firstValueFrom(client.send<unknown>(pattern, text)) };
      },
    };
  },
};
