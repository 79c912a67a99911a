import { StateError } from '../state-error.js';
import { BUCKETS, decodeMember, encodeMember } from './key-names.js';
import type { Outcome } from './link.js';
import { decodeRecord, type RecordValue } from './record.js';
import type { StoreContext } from './store-context.js';

export interface Listing {
  readonly state: string;
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number;
  readonly isWanted: (key: string) => boolean;
  readonly deadline: number;
}

export interface ListedRecord {
  readonly key: string;
  readonly value: RecordValue;
}

type Context = Pick<StoreContext, 'link' | 'names' | 'now'>;

/** One bucket's index, read page by page. */
interface Cursor {
  readonly bucket: number;
  from: string | Buffer;
  keys: string[];
  isAtEnd: boolean;
}

const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Beyond a bucket's share of a page, since they are not equal. */
const SPARE_KEYS = 16;
const MAX_PAGE = 1024;
/** Records that are read together. */
const MAX_READ = 256;

/**
 * Merges the indexes of all buckets: each page of it takes {@link BUCKETS} commands and about as many keys as are wanted, then one
 * command for each value. Values are as they are when they are read; of keys that are written meanwhile, before or after.
 */
export async function listRecords(context: Context, listing: Listing): Promise<readonly ListedRecord[]> {
  const { prefix, after, limit } = listing;
  const start = after !== undefined && after >= prefix ? bound('(', after) : bound('[', prefix);
  const cursors = Array.from(
    { length: BUCKETS },
    (_, bucket): Cursor => ({
      bucket,
      from: start,
      keys: [],
      isAtEnd: false,
    }),
  );
  const found: ListedRecord[] = [];
  let bytes = 0;
  while (found.length < limit) {
    await readMore(context, listing, cursors, limit - found.length);
    const next = takeSorted(cursors, limit - found.length);
    if (next.length === 0) break;
    const wanted = next.filter(({ key }) => listing.isWanted(key));
    for (let from = 0; from < wanted.length; from += MAX_READ)
      for (const record of await readRecords(context, listing, wanted.slice(from, from + MAX_READ))) {
        bytes += record.value.bytes.length;
        if (bytes > MAX_LIST_BYTES) throw tooLarge(listing);
        found.push(record);
      }
  }
  return found;
}

/** Every bucket that is not at its end has keys then, so that the least of all is known. */
async function readMore(
  context: Context,
  listing: Listing,
  cursors: readonly Cursor[],
  wanted: number,
): Promise<void> {
  const page = Math.min(MAX_PAGE, Math.ceil(wanted / BUCKETS) + SPARE_KEYS);
  const end = Buffer.concat([Buffer.from('['), encodeMember(listing.prefix), Buffer.from([0xff])]);
  const empty = cursors.filter(({ keys, isAtEnd }) => keys.length === 0 && !isAtEnd);
  await Promise.all(
    empty.map(async (cursor) => {
      const index = context.names.index(listing.state, cursor.bucket);
      const args = [index, cursor.from, end, 'LIMIT', '0', String(page)];
      const members = answer(
        listing,
        await context.link.call('zrangebylex', args, listing.deadline),
      ) as Buffer[];
      cursor.keys = members.map(decodeMember);
      cursor.isAtEnd = members.length < page;
      const last = cursor.keys.at(-1);
      if (last !== undefined) cursor.from = bound('(', last);
    }),
  );
}

/** The least keys, up to where one bucket's next are not known. */
function takeSorted(
  cursors: readonly Cursor[],
  most: number,
): { readonly key: string; readonly bucket: number }[] {
  const horizons = cursors.filter(({ isAtEnd }) => !isAtEnd).map(({ keys }) => keys.at(-1) ?? '');
  const [horizon] = horizons.sort();
  const known = cursors
    .flatMap(({ keys, bucket }) => keys.map((key) => ({ key, bucket })))
    .filter(({ key }) => horizon === undefined || key <= horizon)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, most);
  const last = known.at(-1)?.key;
  if (last !== undefined) for (const cursor of cursors) cursor.keys = cursor.keys.filter((key) => key > last);
  return known;
}

async function readRecords(
  { link, names, now }: Context,
  listing: Listing,
  keys: readonly { readonly key: string; readonly bucket: number }[],
): Promise<readonly ListedRecord[]> {
  const { state, deadline } = listing;
  const read = await Promise.all(
    keys.map(async ({ key, bucket }): Promise<readonly ListedRecord[]> => {
      const record = names.record(state, bucket, key);
      const reply = answer(listing, await link.call('get', [record], deadline));
      if (reply === null) {
        // It has expired; nobody depends on the index' being tidied up now.
        void link.call('prune', [record, names.index(state, bucket), encodeMember(key)], deadline);
        return [];
      }
      const value = decodeRecord(reply as Buffer)?.value;
      const isLive = value !== undefined && (value.expiresAt === 0 || value.expiresAt > now());
      return isLive ? [{ key, value }] : [];
    }),
  );
  return read.flat();
}

function answer({ state }: Listing, outcome: Outcome): unknown {
  if (outcome.kind === 'answered') return outcome.reply;
  throw new StateError('UNAVAILABLE', `the state ${state} cannot be listed: ${outcome.reason}`);
}

function tooLarge({ state }: Listing): StateError {
  return new StateError(
    'OVERLOADED',
    `the list of ${state} is larger than ${MAX_LIST_BYTES} bytes; ask for fewer entries at once`,
  );
}

function bound(kind: '[' | '(', key: string): Buffer {
  return Buffer.concat([Buffer.from(kind), encodeMember(key)]);
}
