import { createServer } from 'node:http';
import { component, run } from 'weaverd';

export class Greeter {
  async greet(name: string): Promise<string> {
    return `Hello, ${name}!\n`;
  }
}

component(Greeter);

await run(async (app) => {
  const greeter = app.get(Greeter);
  const server = createServer((request, response) => {
    const name = new URLSearchParams(request.url?.split('?')[1]).get('name') ?? 'world';
    greeter.greet(name).then(
      (greeting) => response.end(greeting),
      (error: Error) => response.writeHead(503).end(`${error.message}\n`),
    );
  });
  server.listen(await app.listener('hello'));
});
