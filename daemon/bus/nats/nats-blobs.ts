import { createHash } from 'node:crypto';
import { headers, type StoredMsg } from 'nats';
import {
  BLOB_DEADLINE_MS,
  type BlobStore,
  BusError,
  isBusError,
  isTransient,
  MAX_BLOB_BYTES,
  STORE_DEADLINE_MS,
} from '../bus.js';
import { Deadline } from './deadline.js';
import { JETSTREAM, jetStreamCode, readError, writeError } from './nats-errors.js';
import type { NatsLink, Session } from './nats-link.js';
import type { NatsStream } from './nats-stream.js';

/** Below max_payload of every server. */
const CHUNK_BYTES = 128 * 1024;
/** Time without any progress after which a transfer is given up, ms. */
const MAX_STALL_MS = 15_000;
const RETRY_MS = 200;

/** An object's description as the NATS object store has it (ADR-20). */
interface ObjectInfo {
  readonly name: string;
  readonly bucket: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
  readonly mtime: string;
  readonly deleted?: boolean;
  readonly options?: { readonly max_chunk_size: number };
}

/**
 * Blobs in a NATS object store, each under its digest, which names its chunks too: so an upload goes on where another,
 * of this or any host, came to an end. A chunk is appended only behind the very one that it follows.
 */
export class NatsBlobs implements BlobStore {
  readonly #link: NatsLink;
  readonly #bucket: string;
  readonly #stream: NatsStream;

  /** `bucket`: its name in NATS. */
  constructor(link: NatsLink, bucket: string, stream: NatsStream) {
    this.#link = link;
    this.#bucket = bucket;
    this.#stream = stream;
  }

  async put(bytes: Uint8Array): Promise<string> {
    if (bytes.length > MAX_BLOB_BYTES)
      throw new BusError('TOO_LARGE', `a blob of ${bytes.length} bytes, more than ${MAX_BLOB_BYTES}`);
    const digest = digestOf(bytes);
    if (!(await this.#isWhole(digest)))
      await this.#persist(digest, (progress) => this.#upload(digest, bytes, progress));
    return digest;
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    requireDigest(digest);
    const chunks: Uint8Array[] = [];
    let next = 1;
    let uploadedAt: string | undefined;
    return this.#persist(digest, async (progress) => {
      const info = await this.#info(digest);
      if (info === undefined) return undefined;
      if (info.mtime !== uploadedAt) {
        uploadedAt = info.mtime;
        chunks.length = 0;
        next = 1;
      }
      while (chunks.length < info.chunks) {
        const chunk = await this.#message({ seq: next, next_by_subj: this.#chunks(digest) });
        if (chunk === undefined) break; // it lacks some: that shows in the digest
        chunks.push(chunk.data);
        next = chunk.seq + 1;
        progress();
      }
      const bytes = Buffer.concat(chunks);
      if (digestOf(bytes) === digest) return bytes;
      if ((await this.#info(digest))?.mtime !== uploadedAt)
        throw new BusError('UNAVAILABLE', `blob ${digest} was changed while it was read`);
      throw new BusError('CORRUPT', `blob ${digest} does not match its digest; upload it again`);
    });
  }

  async delete(digest: string): Promise<void> {
    requireDigest(digest);
    await this.#persist(digest, async () => {
      const info = await this.#info(digest);
      if (info !== undefined)
        await this.#describe({ ...info, size: 0, chunks: 0, digest: '', deleted: true });
      await this.#purge(digest);
    });
  }

  /** One that is there but damaged is removed. */
  async #isWhole(digest: string): Promise<boolean> {
    try {
      return (await this.get(digest)) !== undefined;
    } catch (reason) {
      if (!isBusError(reason, 'CORRUPT')) throw reason;
      await this.delete(digest);
      return false;
    }
  }

  async #upload(digest: string, bytes: Uint8Array, progress: () => void): Promise<void> {
    const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
    let { count, last } = await this.#stored(digest);
    if (count > chunks) {
      await this.#purge(digest);
      count = 0;
      last = 0;
    }
    for (; count < chunks; count++) {
      const chunk = bytes.subarray(count * CHUNK_BYTES, (count + 1) * CHUNK_BYTES);
      last = await this.#append(
        this.#chunks(digest),
        chunk,
        'Nats-Expected-Last-Subject-Sequence',
        String(last),
      );
      progress();
    }
    await this.#describe({
      name: digest,
      bucket: this.#bucket,
      nuid: digest,
      size: bytes.length,
      chunks,
      digest: `SHA-256=${base64Url(Buffer.from(digest, 'hex'))}`,
      mtime: new Date().toISOString(),
      options: { max_chunk_size: CHUNK_BYTES },
    });
  }

  /** The count is read last: a chunk that came in between makes the next append a conflict, not a wrong order. */
  async #stored(digest: string): Promise<{ readonly count: number; readonly last: number }> {
    const subject = this.#chunks(digest);
    const newest = await this.#message({ last_by_subj: subject });
    if (newest === undefined) return { count: 0, last: 0 };
    const { state } = await this.#ask(({ manager }) =>
      manager.streams.info(this.#stream.name, { subjects_filter: subject }),
    );
    return { count: state.subjects?.[subject] ?? 0, last: newest.seq };
  }

  async #info(digest: string): Promise<ObjectInfo | undefined> {
    const info = (await this.#message({ last_by_subj: this.#description(digest) }))?.json<ObjectInfo>();
    return info?.deleted === true ? undefined : info;
  }

  async #describe(info: ObjectInfo): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(info));
    await this.#append(this.#description(info.name), body, 'Nats-Rollup', 'sub');
  }

  async #purge(digest: string): Promise<void> {
    await this.#ask(({ manager }) =>
      manager.streams.purge(this.#stream.name, { filter: this.#chunks(digest) }),
    );
  }

  async #append(subject: string, data: Uint8Array, mark: string, value: string): Promise<number> {
    const deadline = new Deadline(STORE_DEADLINE_MS);
    const { jetStream } = await this.#stream.ready(this.#stream.name, deadline);
    const marks = headers();
    marks.set(mark, value);
    try {
      const { seq } = await jetStream.publish(subject, data, {
        headers: marks,
        timeout: deadline.remainingMs,
      });
      return seq;
    } catch (reason) {
      throw this.#stream.doubted(writeError(this.#stream.name, reason));
    }
  }

  async #message(query: MessageQuery): Promise<StoredMsg | undefined> {
    try {
      return await this.#ask(({ manager }) => manager.streams.getMessage(this.#stream.name, query));
    } catch (reason) {
      if (reason instanceof BusError && jetStreamCode(reason.cause) === JETSTREAM.NO_MESSAGE)
        return undefined;
      throw reason;
    }
  }

  async #ask<T>(ask: (session: Session) => Promise<T>): Promise<T> {
    const deadline = new Deadline(STORE_DEADLINE_MS);
    const session = await this.#stream.ready(this.#stream.name, deadline);
    try {
      return await deadline.race(this.#stream.name, ask(session));
    } catch (reason) {
      throw this.#stream.doubted(readError(this.#stream.name, reason));
    }
  }

  /** Again and again while it may yet go well, until nothing has moved for a while. */
  async #persist<T>(what: string, attempt: (progress: () => void) => Promise<T>): Promise<T> {
    const whole = new Deadline(BLOB_DEADLINE_MS);
    let stall = new Deadline(MAX_STALL_MS);
    const progress = () => {
      stall = new Deadline(MAX_STALL_MS);
      if (whole.isOver) throw new BusError('TIMEOUT', `blob ${what}: not done within ${BLOB_DEADLINE_MS} ms`);
    };
    for (;;)
      try {
        return await attempt(progress);
      } catch (reason) {
        if (!isTransient(reason) && !isBusError(reason, 'CONFLICT')) throw reason;
        if (stall.isOver || whole.isOver) throw reason;
        await this.#link.pause(RETRY_MS * (0.5 + Math.random()));
      }
  }

  #chunks(digest: string): string {
    return `$O.${this.#bucket}.C.${digest}`;
  }

  #description(digest: string): string {
    return `$O.${this.#bucket}.M.${base64Url(Buffer.from(digest))}`;
  }
}

type MessageQuery =
  | { readonly last_by_subj: string }
  | { readonly seq: number; readonly next_by_subj: string };

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** With padding, as the object store wants it. */
function base64Url(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function requireDigest(digest: string): void {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new BusError('INVALID', `"${digest}" is no SHA-256 in hex`);
}
