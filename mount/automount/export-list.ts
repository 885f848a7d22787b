/** What a server exports (MOUNT version 3, EXPORT, RFC 1813 §5.2.5), for mounting all of a host. */
import type { Clock, Random } from "../../base/index.ts";
import type { OpenOctetStream } from "../../net/index.ts";
import { ask } from "../client/ask.ts";
import { Connection } from "../client/connection.ts";
import { isPathWithin } from "../path.ts";
import { MOUNT_PROCEDURES } from "../nfs/procedures.ts";
import type { FoundServers } from "../server-finder.ts";
import { escapePath, parseSource } from "../source.ts";
import { SourceError } from "../source-cursor.ts";

export interface ExportListParts {
  readonly open: OpenOctetStream;
  readonly clock: Clock;
  readonly random: Random;
}

const TIMEOUT_MILLISECONDS = 5000;
const PATHS_MAX = 64;

/** The uppermost of its exports, by path; null when no server tells. Those whose paths make no sense are left out. */
export async function exportsOf(parts: ExportListParts, { servers }: FoundServers): Promise<readonly string[] | null> {
  for (const { address, mountPort } of servers) {
    const { clock, random } = parts;
    const timeouts = { clock, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
    const connection = new Connection({ ...timeouts, ended: () => undefined, strayReply: () => undefined });
    try {
      const fault = await connection.open((events) => parts.open({ address, port: mountPort }, events));
      if (fault !== null) continue;
      const asker = { xid: random.uint32(), credential: { flavor: "none" } } as const;
      const answer = await ask(connection, asker, { program: "mount", procedure: MOUNT_PROCEDURES.EXPORT }, null);
      if (answer.kind === "result") return uppermost(answer.result.map(({ path }) => path));
    } finally {
      connection.close("told");
    }
  }
  return null;
}

function uppermost(given: readonly string[]): string[] {
  const chosen: string[] = [];
  const paths = given.flatMap((path) => cleaned(path) ?? []).sort((one, other) => one.length - other.length);
  for (const path of paths) {
    if (chosen.length < PATHS_MAX && !chosen.some((above) => isPathWithin(path, above))) chosen.push(path);
  }
  return chosen;
}

/** As it would stand in a source; null for what could not. */
function cleaned(path: string): string | null {
  try {
    const source = parseSource(`file://${escapePath(path)}`);
    return source.kind === "file" ? source.path : null;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return null;
  }
}
