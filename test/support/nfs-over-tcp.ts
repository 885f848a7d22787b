/** A server of files on a loopback port, for clients that are other programs. It can end and come back at the same port, with the same handles. */
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { type FileSystem, HandleStore, type NfsExport, NfsServer } from "../../mount/index.ts";
import { listenOctetStreams, type OctetListener } from "../../net/index.ts";

export interface ServedFiles {
  readonly fileSystem: FileSystem;
  readonly exports: readonly NfsExport[];
}

export class NfsOverTcp implements AsyncDisposable {
  readonly #served: ServedFiles;
  readonly #store = new HandleStore(":memory:", systemRandom);
  #server: NfsServer;
  #listener: OctetListener | null = null;
  #port = 0;

  private constructor(served: ServedFiles) {
    this.#served = served;
    this.#server = this.#made();
  }

  static async start(served: ServedFiles): Promise<NfsOverTcp> {
    const started = new NfsOverTcp(served);
    await started.#listen();
    return started;
  }

  get port(): number {
    return this.#port;
  }

  get counters(): NfsServer["counters"] {
    return this.#server.counters;
  }

  /** As libnfs takes it. */
  url(path: string): string {
    return `nfs://127.0.0.1${path}?version=3&nfsport=${this.#port}&mountport=${this.#port}`;
  }

  /** Everything but the state on disk is new. */
  async restart(): Promise<void> {
    await this.#end();
    this.#server = this.#made();
    await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    this.#store[Symbol.dispose]();
  }

  #made(): NfsServer {
    const server = new NfsServer({
      fileSystem: this.#served.fileSystem,
      store: this.#store,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    });
    server.publish(this.#served.exports);
    return server;
  }

  async #listen(): Promise<void> {
    const server = this.#server;
    const at = { address: "127.0.0.1", port: this.#port };
    this.#listener = await listenOctetStreams(at, (stream, address) => server.accept(stream, address), silentLog);
    this.#port = this.#listener.endpoint!.port;
  }

  async #end(): Promise<void> {
    this.#server.close();
    await this.#listener?.close();
  }
}
