/**
 * Streams of octets inside the process: two ends joined in memory on a clock that may be simulated, with hosts that fall silent, lose their connections, or are not there. What is
 * written arrives as one piece each, in order.
 */
import type { Clock } from "../../base/index.ts";
import type { Endpoint, OctetStream, OctetStreamEvents, OpenOctetStream } from "../../net/index.ts";

/** Takes a connection: is given the stream, gives who is told of what comes; null: it has closed it. */
type AcceptStream = (stream: OctetStream, address: string) => OctetStreamEvents | null;

interface Joined {
  readonly address: string;
  readonly cut: (reason: string) => void;
}

export class MemoryStreams {
  readonly #clock: Clock;
  readonly #accept = new Map<string, AcceptStream>();
  readonly #joined = new Set<Joined>();
  readonly #silent = new Set<string>();
  /** Connections that were begun, by address. */
  readonly begun = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets somebody take connections there; the result takes him away, and leaves his connections. */
  listen({ address, port }: Endpoint, accept: AcceptStream): Disposable {
    const key = `${address} ${port}`;
    this.#accept.set(key, accept);
    return { [Symbol.dispose]: () => this.#accept.delete(key) };
  }

  /** Nothing comes through to or from that address, and nobody is told. */
  silence(address: string): void {
    this.#silent.add(address);
  }

  heal(): void {
    this.#silent.clear();
  }

  /** All connections with that address are lost, and both ends are told. */
  cut(address: string): void {
    for (const joined of [...this.#joined]) if (joined.address === address) joined.cut("read ECONNRESET");
  }

  readonly open: OpenOctetStream = (to, events) => {
    const { address } = to;
    this.begun.set(address, (this.begun.get(address) ?? 0) + 1);
    let isOver = false;
    let server: OctetStreamEvents | null = null;
    const later = (act: () => void): void => {
      this.#clock.soon(() => {
        if (!this.#silent.has(address)) act();
      });
    };
    const over = (tell: (reason: string) => void, reason: string): void => {
      if (isOver) return;
      isOver = true;
      this.#joined.delete(joined);
      later(() => tell(reason));
    };
    const end = (take: (octets: Uint8Array) => void, told: (reason: string) => void): OctetStream => ({
      write: (pieces) => {
        const octets = Buffer.concat(pieces);
        later(() => {
          if (!isOver) take(octets);
        });
        return true;
      },
      pause: () => undefined,
      resume: () => undefined,
      close: () => over(told, "the other end closed it"),
    });
    const client = end(
      (octets) => server?.received(octets),
      (reason) => server?.closed(reason),
    );
    const joined: Joined = {
      address,
      cut: (reason) =>
        over(() => {
          server?.closed(reason);
          events.closed(reason);
        }, reason),
    };
    later(() => {
      const accept = this.#accept.get(`${address} ${to.port}`);
      if (isOver) return;
      if (accept === undefined) {
        over((reason) => events.closed(reason), "connect ECONNREFUSED");
        return;
      }
      this.#joined.add(joined);
      const stream = end(
        (octets) => events.received(octets),
        (reason) => events.closed(reason),
      );
      server = accept(stream, "127.0.0.1");
      server?.opened();
      if (!isOver) events.opened();
    });
    return client;
  };
}
