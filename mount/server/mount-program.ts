/** The MOUNT program (RFC 1813 §5.2): a handle for a path below an export, and who has asked for one. */
import { type ExportEntry, type MountEntry, type Mounted } from "../nfs/mount-procedures.ts";
import { type Result } from "../nfs/procedure.ts";
import { isStatus } from "../status.ts";
import { AUTH_NONE, AUTH_SYS } from "../rpc/message.ts";
import { type Answer, andThen } from "../soon.ts";
import { type Client, type Desk, type MountList } from "./desk.ts";
import { mountPath } from "./walk.ts";

/** Clients that vanish never unmount; the oldest are forgotten. */
const MOUNTS_MAX = 1000;

export function mount(desk: Desk, client: Client, path: string): Answer<Result<Mounted, null>> {
  return andThen(mountPath(desk, client, path), (reached) => {
    if (isStatus(reached)) return { status: reached, bad: null };
    const { published, found } = reached;
    if (found.attributes.kind !== "directory") return { status: "NOTDIR", bad: null };
    desk.mounts.add(client.address, path);
    const handle = desk.handles.handleOf(published.number, found.key);
    return { status: "OK", good: { handle, flavors: [AUTH_SYS, AUTH_NONE] } };
  });
}

export function dump(desk: Desk): readonly MountEntry[] {
  return desk.mounts.entries();
}

export function unmount(desk: Desk, client: Client, path: string): null {
  desk.mounts.remove(client.address, path);
  return null;
}

export function unmountAll(desk: Desk, client: Client): null {
  desk.mounts.removeAll(client.address);
  return null;
}

export function exportList(desk: Desk): readonly ExportEntry[] {
  return desk.exports.all.map(({ settings }) => ({
    path: settings.path,
    groups: settings.networks.map((network) => network.toString()),
  }));
}

/** Kept in memory: a list for people, which a restart may forget. */
export function mountList(): MountList {
  const byName = new Map<string, MountEntry>();
  const nameOf = (host: string, path: string): string => `${host} ${path}`;
  return {
    add(host, path) {
      byName.delete(nameOf(host, path));
      byName.set(nameOf(host, path), { host, path });
      const [oldest] = byName.keys();
      if (byName.size > MOUNTS_MAX && oldest !== undefined) byName.delete(oldest);
    },
    remove(host, path) {
      byName.delete(nameOf(host, path));
    },
    removeAll(host) {
      for (const [name, entry] of byName) if (entry.host === host) byName.delete(name);
    },
    entries: () => [...byName.values()],
  };
}
