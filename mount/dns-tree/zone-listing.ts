/**
 * Which names a zone has and which types they have, for listings: from a transfer or a walk along its NSEC records. Records themselves are not kept; whoever
 * wants them asks. Empty non-terminals follow from the names below them (RFC 4592 §2.2.2).
 */
import type { Name } from "../../dns/index.ts";

interface Listed {
  types: number[];
  children: Map<string, Listed> | null;
}

export class ZoneListing {
  readonly apex: Name;
  /** For people: from where it is. */
  readonly how: string;
  count = 1;
  readonly #root: Listed = { types: [], children: null };

  constructor(apex: Name, how: string) {
    this.apex = apex;
    this.how = how;
  }

  add(name: Name, type: number): void {
    let at = this.#root;
    for (const label of this.#labels(name)) {
      at.children ??= new Map();
      let child = at.children.get(label);
      if (child === undefined) {
        child = { types: [], children: null };
        at.children.set(label, child);
        this.count++;
      }
      at = child;
    }
    if (!at.types.includes(type)) at.types.push(type);
  }

  /** Null when there is no such name. */
  typesAt(name: Name): readonly number[] | null {
    return this.#find(name)?.types ?? null;
  }

  childrenOf(name: Name): Name[] {
    const children = this.#find(name)?.children;
    return children === null || children === undefined
      ? []
      : Array.from(children.keys(), (label) => childOf(name, label));
  }

  *names(): Generator<Name> {
    const open: [Name, Listed][] = [[this.apex, this.#root]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [name, { children }] = next;
      yield name;
      for (const [label, child] of children ?? []) open.push([childOf(name, label), child]);
    }
  }

  #find(name: Name): Listed | null {
    let at: Listed | undefined = this.#root;
    for (const label of this.#labels(name)) {
      at = at.children?.get(label);
      if (at === undefined) return null;
    }
    return at;
  }

  /** In lower case, those next to the apex first. */
  #labels(name: Name): string[] {
    const labels = name.toLowerCase().labels.slice(0, name.labelCount - this.apex.labelCount);
    return labels.reverse().map((label) => Buffer.from(label).toString("latin1"));
  }
}

const childOf = (name: Name, label: string): Name => name.child(Buffer.from(label, "latin1"));
