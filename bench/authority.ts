/**
 * What resolvers are measured on: a root and one zone of hosts below it, on two loopback addresses and one port, because an NS record
 * carries no port. Strata serves both, on the core of the load.
 */
import { CORE_OF_LOAD, launch, type Running, start, strataAt } from "./contender.ts";
import { hostZone, rootZone } from "./data.ts";
import type { Scratch } from "./scratch.ts";

const HOSTS_ADDRESS = "127.0.0.1";
const ROOT_ADDRESS = "127.0.0.2";

export interface Authority extends AsyncDisposable {
  readonly apex: string;
  /** Where hosts are asked for, at 127.0.0.1, and the root at another address. */
  readonly port: number;
  /** The root's servers, for whoever walks down from there. */
  readonly hintsFile: string;
}

export async function startAuthority(scratch: Scratch, names: number): Promise<Authority> {
  const apex = "example";
  const probe = `ns1.${apex}`;
  const zones = [{ apex, file: scratch.write("hosts.zone", hostZone(names, [HOSTS_ADDRESS])) }];
  await using stack = new AsyncDisposableStack();
  const { port } = stack.use(await start(strataAt(HOSTS_ADDRESS), { zones, probe, cores: CORE_OF_LOAD }));
  stack.use(await startRoot(scratch, { apex, port, probe }));
  const running = stack.move();
  return {
    apex,
    port,
    hintsFile: scratch.write("root.hints", `. 86400 NS a.root.\na.root. 86400 A ${ROOT_ADDRESS}\n`),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The root, at an address of its own on the port of the zone below. */
function startRoot(
  scratch: Scratch,
  { apex, port, probe }: { readonly apex: string; readonly port: number; readonly probe: string },
): Promise<Running> {
  const contender = strataAt(ROOT_ADDRESS);
  const file = scratch.write("root.zone", rootZone({ root: ROOT_ADDRESS, child: apex, server: HOSTS_ADDRESS }));
  const args = contender.prepare(scratch.folder, port, [{ apex: ".", file }]);
  return launch({ contender, port, args }, { probe, address: ROOT_ADDRESS, cores: CORE_OF_LOAD });
}
