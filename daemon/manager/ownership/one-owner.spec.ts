import { expect } from 'chai';
import fc from 'fast-check';
import { LEASE_MS } from '../../host/host-messages.js';
import { assign } from '../assignment.js';
import { SPACE } from '../slicer/slices.js';
import { advance, type Grant, newestTaking, UNGRANTED } from './grants.js';
import { formatHolder, type Holder } from './holder.js';
import { LeaseBook } from './lease-book.js';
import { ownedSlices } from './owned-slices.js';
import { fromRecord, toRecord } from './ownership-record.js';

const KEYS = Array.from({ length: 16 }, (_, index) => (index * SPACE) / 16);
const HOSTS = ['h1', 'h2', 'h3'];

/** What happens, one thing after another; the numbers choose among those to whom it may happen. */
type Happening =
  | { readonly kind: 'lead' | 'step' | 'unwritten-step' | 'talk' }
  | {
      readonly kind: 'deliver' | 'settle' | 'report' | 'lease' | 'restart' | 'join' | 'leave';
      readonly at: number;
    }
  | { readonly kind: 'silence' | 'hear'; readonly at: number }
  | { readonly kind: 'pass'; readonly ms: number };

/** Of the rules that hold ONE-OWNER, those that are broken. */
type Broken = 'settled' | 'lease' | 'epoch' | 'record' | undefined;

interface Process extends Holder {
  /** Epochs by key that it acts for, by the newest routing; 0 for none. */
  acts: number[];
  routing: number;
  settled: number;
  leasedUntil: number;
  hasEnded: boolean;
}

/** A leader after the other, the store, and processes on hosts that hear and are heard late or never. */
class World {
  now = 0;
  readonly processes: Process[] = [];
  readonly #broken: Broken;
  readonly #silent = new Set<string>();
  /** As the leader has heard it: by process. */
  readonly #heard = new Map<string, { readonly settled: number; readonly hasEnded: boolean }>();
  readonly #heardAt = new Map<string, number>();
  readonly #highest: number[] = KEYS.map(() => 0);
  #epoch = 0;
  #record = toRecord({ desired: undefined, grants: UNGRANTED }, { writtenAt: 0, writer: '' });
  #grants: readonly Grant[] = UNGRANTED;
  #published: { epoch: number; readonly grants: readonly Grant[] } = { epoch: 0, grants: UNGRANTED };
  #firstPublished = 1;
  #expelled = new Map<string, number>();
  #leases = new LeaseBook(0);
  readonly #members = new Set<string>();
  /** By key and epoch, who has acted. */
  readonly #actedAt = new Map<string, string>();

  constructor(broken: Broken) {
    this.#broken = broken;
  }

  run(happening: Happening): void {
    switch (happening.kind) {
      case 'lead': {
        const { grants } = fromRecord(this.#record);
        this.#grants = this.#broken === 'record' ? this.#grants.slice(0, 1) : grants;
        this.#leases = new LeaseBook(this.now);
        this.#heard.clear();
        this.#heardAt.clear();
        this.#expelled.clear();
        this.#publish(this.#grants);
        this.#firstPublished = this.#published.epoch;
        return;
      }
      case 'step':
        return this.#step(true);
      case 'talk':
        return this.#talk();
      case 'unwritten-step':
        return this.#step(false);
      case 'deliver':
        return this.#on(happening.at, (process) => this.#deliver(process));
      case 'settle':
        return this.#on(happening.at, (process) => {
          process.settled = Math.max(process.settled, process.routing);
        });
      case 'report':
        return this.#on(happening.at, (process) => this.#report(process));
      case 'lease':
        return this.#on(happening.at, (process) => this.#lease(process));
      case 'restart':
        return this.#on(happening.at, (process) => this.#restart(process));
      case 'join':
        return this.#join(happening.at);
      case 'leave':
        return this.#on(happening.at, ({ replica }) => void this.#members.delete(replica));
      case 'silence':
        return void this.#silent.add(HOSTS[happening.at % HOSTS.length] ?? '');
      case 'hear':
        return void this.#silent.delete(HOSTS[happening.at % HOSTS.length] ?? '');
      case 'pass':
        this.now += happening.ms;
    }
  }

  /** Faults have stopped: everybody hears and is heard, often enough. */
  settleDown(): void {
    this.#silent.clear();
    if (this.#members.size === 0) this.#join(0);
    for (let round = 0; round < 12; round++) {
      this.#talk();
      this.now += 4000;
    }
  }

  /** As it goes when nothing is lost: everybody hears what is decided, and says so. */
  #talk(): void {
    this.#step(true);
    for (const process of this.processes) {
      this.#deliver(process);
      if (!this.#silent.has(process.host)) process.settled = Math.max(process.settled, process.routing);
      this.#report(process);
      this.#lease(process);
    }
  }

  actingFor(key: number): readonly Process[] {
    return this.processes.filter(
      ({ hasEnded, leasedUntil, acts }) => !hasEnded && this.now < leasedUntil && (acts[key] ?? 0) > 0,
    );
  }

  #nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  #on(at: number, run: (process: Process) => void): void {
    const process = this.processes[at % Math.max(1, this.processes.length)];
    if (process !== undefined) run(process);
  }

  #join(at: number): void {
    const replica = `r${at % 4}`;
    if (!this.processes.some((each) => each.replica === replica && !each.hasEnded))
      this.#start(replica, HOSTS[at % HOSTS.length] ?? '', 1 + this.processes.length);
    this.#members.add(replica);
  }

  #start(replica: string, host: string, generation: number): void {
    this.processes.push({
      version: 'v1',
      replica,
      generation,
      host,
      at: { group: 'Cart', address: { kind: 'unix', path: '/' }, remoteAddress: undefined },
      seen: { generation: 1, sequence: 1 },
      acts: KEYS.map(() => 0),
      routing: 0,
      settled: 0,
      leasedUntil: Number.NEGATIVE_INFINITY,
      hasEnded: false,
    });
  }

  #restart(process: Process): void {
    if (process.hasEnded) return;
    process.hasEnded = true;
    this.#start(process.replica, process.host, 1 + this.processes.length);
  }

  #report(process: Process): void {
    if (this.#silent.has(process.host)) return;
    this.#heard.set(formatHolder(process), { settled: process.settled, hasEnded: process.hasEnded });
    this.#heardAt.set(process.host, this.now);
  }

  #deliver(process: Process): void {
    if (this.#silent.has(process.host) || process.routing >= this.#published.epoch) return;
    const { grants, epoch } = this.#published;
    const replicas = this.processes.map((each) => ({
      ...each,
      group: 'Cart',
      address: { kind: 'unix' as const, path: '/' },
      remoteAddress: undefined,
    }));
    const slices = ownedSlices(grants, 'v1', replicas);
    process.routing = epoch;
    process.acts = KEYS.map((key) => {
      const at = slices.starts.findLastIndex((start) => start <= key);
      return this.processes[slices.owners[at] ?? -1] === process ? (slices.epochs?.[at] ?? 0) : 0;
    });
    this.#look(process);
  }

  #lease(process: Process): void {
    const heardAt = this.#heardAt.get(process.host);
    const heard = this.#heard.get(formatHolder(process));
    const since = Math.max(this.#firstPublished, this.#expelled.get(formatHolder(process)) ?? 0);
    const owns = this.#grants.some(
      ({ holder }) => holder !== undefined && formatHolder(holder) === formatHolder(process),
    );
    if (!owns || heardAt === undefined || heard === undefined || heard.settled < since) return;
    this.#leases.note('shop', process, heardAt);
    if (this.#silent.has(process.host)) return;
    process.leasedUntil = Math.max(process.leasedUntil, heardAt + LEASE_MS);
    this.#look(process);
  }

  #step(isWritten: boolean): void {
    const known = this.processes.filter((process) => {
      const heard = this.#heard.get(formatHolder(process));
      return heard !== undefined && !heard.hasEnded && this.#members.has(process.replica);
    });
    const previous = { starts: [0], owners: ['r0'] };
    const names = [...new Set(known.map(({ replica }) => replica))];
    const desired = names.length === 0 ? undefined : assign(previous, names);
    const { grants, expelled } = advance(
      this.#grants,
      {
        desired,
        candidates: new Map(known.map((process) => [process.replica, holderOf(process)])),
        hasLetGo: (holder, takenAt) => {
          const heard = this.#heard.get(formatHolder(holder));
          if (heard?.hasEnded === true) return true;
          if (this.#broken === 'settled' && takenAt !== undefined) return true;
          return takenAt !== undefined && heard !== undefined && heard.settled >= takenAt;
        },
        hasLapsed: (holder) =>
          this.#broken === 'lease'
            ? this.#silent.has(holder.host)
            : this.now >= this.#leases.lapsesAt('shop', holder),
        isDoubtful: false,
        mayTake: () => true,
      },
      () => (this.#broken === 'epoch' ? this.#epoch : this.#nextEpoch()),
    );
    if (!isWritten) return;
    const at = this.#nextEpoch();
    for (const holder of expelled) this.#expelled.set(formatHolder(holder), at);
    if (grants === this.#grants) return;
    this.#record = toRecord({ desired, grants }, { writtenAt: at, writer: '' });
    this.#publish(grants);
  }

  #publish(grants: readonly Grant[]): void {
    this.#grants = grants;
    this.#published = { epoch: Math.max(newestTaking(grants, 'v1') + 1, this.#nextEpoch()), grants };
    this.#epoch = Math.max(this.#epoch, this.#published.epoch);
  }

  /** ONE-OWNER, at each moment at which somebody may begin to act. */
  #look(process: Process): void {
    for (const key of KEYS.keys()) {
      const acting = this.actingFor(key);
      expect(acting.map(formatHolder), `who acts for key ${key}`).to.have.length.at.most(1);
      if (!acting.includes(process)) continue;
      const epoch = process.acts[key] ?? 0;
      const highest = this.#highest[key] ?? 0;
      expect(epoch, `the epoch of key ${key}`).to.be.at.least(highest);
      const before = this.#actedAt.get(`${key} ${epoch}`) ?? formatHolder(process);
      expect(formatHolder(process), `who acts for key ${key} at epoch ${epoch}`).to.equal(before);
      this.#actedAt.set(`${key} ${epoch}`, before);
      this.#highest[key] = epoch;
    }
  }
}

function holderOf({ version, replica, generation, host, at: where, seen }: Process): Holder {
  return { version, replica, generation, host, at: where, seen };
}

const at = fc.nat({ max: 11 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Happening>({ kind: 'step' }, { kind: 'talk' }, { kind: 'talk' }) },
  { weight: 1, arbitrary: fc.constantFrom<Happening>({ kind: 'lead' }, { kind: 'unwritten-step' }) },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constantFrom('deliver', 'settle', 'report', 'lease'), at }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('restart', 'join', 'leave', 'silence', 'hear'), at }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.integer({ min: 100, max: 9000 }) }),
  },
) as fc.Arbitrary<Happening>;
const history = fc.array(happening, { minLength: 20, maxLength: 160 });

function play(happenings: readonly Happening[], broken: Broken): World {
  const world = new World(broken);
  for (const index of [0, 1, 2]) world.run({ kind: 'join', at: index });
  for (const each of happenings) world.run(each);
  return world;
}

describe('hand-over of keys', () => {
  it('ONE-OWNER: whatever is lost, ends, stands still or leads, nobody acts beside another, and epochs rise', () => {
    fc.assert(
      fc.property(history, (happenings) => void play(happenings, undefined)),
      { numRuns: 400 },
    );
  });

  it('CONVERGE: once faults stop, every key has its owner', () => {
    fc.assert(
      fc.property(history, (happenings) => {
        const world = play(happenings, undefined);
        world.settleDown();
        for (const key of KEYS.keys()) expect(world.actingFor(key)).to.have.length(1);
      }),
      { numRuns: 100 },
    );
  });

  for (const [broken, what] of [
    ['settled', 'gives keys before their owner has let go'],
    ['lease', 'gives the keys of a silent host before its lease has run out'],
    ['epoch', 'gives keys without a higher epoch'],
    ['record', 'begins without what the leader before has decided'],
  ] as const)
    it(`is found when a manager ${what}`, () => {
      const found = fc.check(
        fc.property(history, (happenings) => void play(happenings, broken)),
        { numRuns: 3000, seed: 1, endOnFailure: true },
      );
      expect(found.failed).to.equal(true);
    });
});
