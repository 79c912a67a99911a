import { setTimeout } from 'node:timers/promises';

const PAUSE_MS = 50;

/** What server-sent events tell, as a browser's EventSource hears it: it connects again by itself, from the last id on. */
export class EventListener {
  /** The data of each event. */
  readonly heard: string[] = [];
  connections = 0;
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #listening: Promise<void>;
  #lastId: string | undefined;

  constructor(url: string) {
    this.#url = url;
    this.#listening = this.#listen();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#connect(signal);
      } catch {
        // Whatever it was: it connects again.
      }
      await setTimeout(PAUSE_MS);
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const last = this.#lastId === undefined ? undefined : { 'last-event-id': this.#lastId };
    const response = await fetch(this.#url, { signal, headers: { accept: 'text/event-stream', ...last } });
    if (response.status !== 200 || response.body === null) return;
    this.connections++;
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.#hear(event);
    }
  }

  #hear(event: string): void {
    const fields = new Map(
      event.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^\w+: /, '')]),
    );
    const data = fields.get('data');
    if (data === undefined) return;
    this.heard.push(data);
    this.#lastId = fields.get('id');
  }
}
