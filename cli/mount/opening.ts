/** From a source in the mount table to the file system behind it: which part of Strata speaks its protocol, and what that part is handed. */
import { hostname } from "node:os";
import { assert, type Log, programRunner, systemClock, systemFiles, systemRandom } from "../../base/index.ts";
import {
  type Endpoint,
  type Exchange,
  ExchangeError,
  formatEndpoint,
  openTcpStream,
  systemAsk,
  systemAskMany,
} from "../../net/index.ts";
import {
  type AutomountFault,
  type AutomountRequest,
  AutomountFileSystem,
  type AutoSource,
  DnsFileSystem,
  type FindingParts,
  type FileSystem,
  LocalDirectoryError,
  LocalFileSystem,
  MountError,
  NameTableError,
  openAutomountMap,
  OpenSourceError,
  type Mounting,
  type MountRow,
  NfsFileSystem,
  nfsServerFinder,
  type NfsSource,
  type OpenSource,
  type TellState,
} from "../../mount/index.ts";
import { askingResolver } from "../bank/connecting.ts";

export interface OpeningParts {
  /** Null: names cannot be looked up, addresses are as good as ever. */
  readonly resolver: Endpoint | null;
  /** Of authoritative servers. */
  readonly port: number;
  readonly stateFolder: string;
  readonly log: Log;
  /** Where automounts mount; it is there once the first is looked into. */
  readonly mounting: () => Mounting;
}

/** RFC 5531 Appendix A: at most 255 octets. */
const MACHINE_NAME_LENGTH_MAX = 64;

export function sourceOpener(parts: OpeningParts): OpenSource {
  const resolve = parts.resolver === null ? nobody : askingResolver(parts.resolver);
  const finding = { resolve, random: systemRandom, asked: askedText(parts.resolver) };
  return (row, tell) => {
    const [source] = row.sources;
    assert(source !== undefined, "a mount has a source");
    switch (source.kind) {
      case "nfs":
        return openNfs(row, tell, finding);
      case "dns":
        return new DnsFileSystem(source, {
          resolve,
          ask: systemAsk({ clock: systemClock, random: systemRandom }),
          askMany: systemAskMany({ clock: systemClock, random: systemRandom }),
          clock: systemClock,
          port: parts.port,
        });
      case "file":
        return openDirectory(row, source.path, parts);
      case "auto":
        return openAutomount(row, source, { ...parts, finding });
      case "ns":
        throw new Error("a path of the local name space is opened by the name space");
    }
  };
}

function openNfs(row: MountRow, tell: TellState, finding: FindingParts): FileSystem {
  const sources = row.sources.filter((source): source is NfsSource => source.kind === "nfs");
  const [first] = sources;
  return new NfsFileSystem({
    clock: systemClock,
    random: systemRandom,
    open: openTcpStream,
    replicas: sources.map((source) => ({
      finder: nfsServerFinder(finding, source),
      path: source.path,
    })),
    credential: {
      flavor: "sys",
      stamp: 0,
      machine: hostname().slice(0, MACHINE_NAME_LENGTH_MAX),
      uid: first?.uid ?? process.getuid?.() ?? 0,
      gid: first?.gid ?? process.getgid?.() ?? 0,
      groups: [],
    },
    options: row.options,
    onState: tell,
  });
}

const askedText = (resolver: Endpoint | null): string =>
  resolver === null ? "nobody, because mountd knows no resolver" : `the resolver ${formatEndpoint(resolver)}`;

/** Where no resolver is known. */
const nobody: Exchange = async () => {
  throw new ExchangeError(
    "UNREACHABLE",
    "no resolver is known: start strata mountd with --server ADDR:PORT, or beside strata up",
  );
};

/** Its names stand beside the mount table, under the mount's number, so that handles of its files are good after a restart. */
async function openDirectory(
  row: MountRow,
  directory: string,
  { stateFolder, log }: OpeningParts,
): Promise<FileSystem> {
  const names = `${stateFolder}/names`;
  systemFiles.makeFolder(names);
  try {
    return await LocalFileSystem.open({
      directory,
      tablePath: `${names}/${row.id}.sqlite`,
      isWritable: row.options.isWritable,
      random: systemRandom,
      log,
    });
  } catch (error) {
    if (error instanceof LocalDirectoryError) throw new OpenSourceError("NOENT", error.message);
    if (error instanceof NameTableError) throw new OpenSourceError("SERVERFAULT", error.message);
    throw error;
  }
}

function openAutomount(row: MountRow, source: AutoSource, parts: OpeningParts & { finding: FindingParts }): FileSystem {
  const { log, mounting, finding } = parts;
  const mountAt = async ({ key, below, ...request }: AutomountRequest): Promise<AutomountFault | null> => {
    const whole = { ...request, target: row.target + below };
    try {
      if (key === null) await mounting().mount(whole);
      else await mounting().mountAutomatically({ mount: row.id, key }, whole);
      return null;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      log.info({ target: whole.target, reason: error.message }, "an automount failed");
      return { status: error.code === "unreachable" ? "TIMEDOUT" : "NOENT", reason: error.message };
    }
  };
  const run = programRunner(systemClock);
  const exporting = { open: openTcpStream, clock: systemClock, random: systemRandom };
  return new AutomountFileSystem({
    map: openAutomountMap(source, {
      options: row.options,
      target: row.target,
      files: systemFiles,
      run,
      finding,
      exporting,
      log,
    }),
    isMounted: (key) => mounting().nameSpace.table.at({ mount: row.id, key }) !== null,
    mount: mountAt,
    clock: systemClock,
    log,
  });
}
