/** The files of a name space that `strata up` starts: a file server that is found by its name, and the user's own mount daemon. */
import { type Log } from "../../base/index.ts";
import { type Endpoint, ListenError, LocalError, parseEndpoint } from "../../net/index.ts";
import { MountError } from "../../mount/index.ts";
import type { Output } from "../output.ts";
import type { NamespacePlan } from "../plan.ts";
import { plainName } from "../state.ts";
import { MountDaemon } from "./daemon.ts";

const NFS_PORT = 2049;
const LOOPBACK = ["127.0.0.0/8", "::1/128"];
/** RFC 6641 §4. */
const DOMAIN_ROOT = "/.domainroot";

export interface ExampleFilesWork {
  readonly plan: NamespacePlan;
  readonly stateFolder: string;
  readonly log: Log;
  readonly output: Output;
}

export interface ExampleFiles {
  /** Where the file server is, and what it serves; null: it is not there. */
  readonly server: { readonly endpoint: Endpoint; readonly exports: readonly string[] } | null;
  close(): Promise<void>;
}

/** Started when its name servers run. What cannot be had (the port is taken, the files are not there) is told, and the name space does without. */
export async function startExampleFiles(work: ExampleFilesWork): Promise<ExampleFiles | null> {
  const { plan, stateFolder, log, output } = work;
  const { files: described } = plan.namespace;
  const { filesFolder } = plan;
  if (described === undefined || filesFolder === null) return null;
  const listen = { address: described.address, port: NFS_PORT };
  const resolver = parseEndpoint(plan.state.resolver);
  const server = await told(output, "the file server does not run", async () => {
    const daemon = await MountDaemon.start({
      folder: `${stateFolder}/files`,
      listen,
      resolver,
      port: plan.port,
      net: "-",
      log,
    });
    await fill(daemon, described, filesFolder).catch(async (error: unknown) => {
      await daemon.close();
      throw error;
    });
    return daemon;
  });
  const user = await told(output, "strata mountd does not run", () => startForUser(work));
  return {
    server: server === null ? null : { endpoint: listen, exports: described.exports },
    close: async () => {
      await user?.close();
      await server?.close();
    },
  };
}

/** At NFS's own port where it is free; its user's commands need none. */
async function startForUser({ plan, stateFolder, log, output }: ExampleFilesWork): Promise<MountDaemon> {
  const resolver = parseEndpoint(plan.state.resolver);
  const start = (port: number): Promise<MountDaemon> =>
    MountDaemon.start({
      folder: stateFolder,
      listen: { address: "127.0.0.1", port },
      resolver,
      port: plan.port,
      net: "/net",
      log,
    });
  // With --port another name space runs beside this one.
  if (plan.port !== plan.namespace.port) return start(0);
  return start(NFS_PORT).catch((error: unknown) => {
    if (!(error instanceof ListenError)) throw error;
    output.note(`${error.message}; strata mountd exports at another port`);
    return start(0);
  });
}

type DescribedFiles = NonNullable<NamespacePlan["namespace"]["files"]>;

async function fill(daemon: MountDaemon, { exports, domains }: DescribedFiles, folder: string): Promise<void> {
  for (const path of exports) {
    await daemon.mountOnce({ kind: "file", path: folder + path }, path);
    daemon.publish(path, LOOPBACK);
  }
  for (const domain of domains) {
    const root = `${DOMAIN_ROOT}/${plainName(domain)}`;
    await daemon.mountOnce({ kind: "file", path: folder }, root);
    daemon.publish(root, LOOPBACK);
  }
}

async function told<T>(output: Output, what: string, start: () => Promise<T>): Promise<T | null> {
  try {
    return await start();
  } catch (error) {
    const isExpected = error instanceof ListenError || error instanceof LocalError || error instanceof MountError;
    if (!isExpected) throw error;
    output.note(`${what}: ${error.message}`);
    return null;
  }
}
