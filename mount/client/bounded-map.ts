/** A Map that forgets what was not used for longest, so that what a server tells does not fill memory. */
export class BoundedMap<K, V> {
  readonly #entriesMax: number;
  readonly #map = new Map<K, V>();

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    // Moving an entry for each use costs more than it gains while all fit.
    if (value !== undefined && this.#map.size * 2 > this.#entriesMax) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size <= this.#entriesMax) return;
    const [oldest] = this.#map.keys();
    this.#map.delete(oldest!);
  }

  delete(key: K): void {
    this.#map.delete(key);
  }

  keys(): Iterable<K> {
    return this.#map.keys();
  }

  clear(): void {
    this.#map.clear();
  }
}
