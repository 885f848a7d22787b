/** The names that were looked up in directories that nobody can list, the latest of them. */
import type { Name } from "../../dns/index.ts";

const NAMES_MAX = 10_000;

export class SeenNames {
  /** By name, with the name above. */
  readonly #names = new Map<string, { readonly directory: Name; readonly name: Name }>();

  add(directory: Name, name: Name): void {
    this.#names.delete(name.key);
    this.#names.set(name.key, { directory, name });
    if (this.#names.size > NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
  }

  below(directory: Name): Name[] {
    return [...this.#names.values()].filter((seen) => seen.directory.equals(directory)).map(({ name }) => name);
  }
}
