/** The Avro names of one app: those of definitions are given, those of other named types are made from their place. */
export class AvroNames {
  readonly #taken: Set<string>;

  constructor(given: Iterable<string>) {
    this.#taken = new Set(given);
  }

  /** A name for the type that stands at that place, such as `Cart_addItem_arguments`. */
  allocate(place: string): string {
    return unused(legalName(place), this.#taken);
  }
}

/** A legal Avro name for each text, the texts themselves where they are legal, all different. */
export function legalNames(texts: readonly string[]): readonly string[] {
  const legal = new Set(texts.filter((text) => legalName(text) === text));
  const taken = new Set(legal);
  // Taken out of `legal` by the first that has the name: values such as 'true' and true have the same text.
  return texts.map((text) => (legal.delete(text) ? text : unused(legalName(text), taken)));
}

function legalName(text: string): string {
  // A property of this name is the prototype in many a reader.
  if (text === '__proto__') return '_proto_';
  const legal = text.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[A-Za-z_]/.test(legal) ? legal : `_${legal}`;
}

function unused(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count++) candidate = `${name}_${count}`;
  taken.add(candidate);
  return candidate;
}
