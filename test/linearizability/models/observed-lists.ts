/** A list that somebody observed, as a node of the tree of all of them. */
export interface ObservedList {
  readonly id: number;
  readonly longer: Map<string, ObservedList>;
}

/** Equal lists are one object. */
export class ObservedLists {
  #count = 0;
  readonly empty: ObservedList = this.#node();

  of(list: readonly string[]): ObservedList {
    let node = this.empty;
    for (const element of list) {
      const longer = node.longer.get(element) ?? this.#node();
      node.longer.set(element, longer);
      node = longer;
    }
    return node;
  }

  #node(): ObservedList {
    return { id: this.#count++, longer: new Map() };
  }
}
