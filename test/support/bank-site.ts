/**
 * A bank on machines of its own, each a network namespace, joined by a bridge: a name server and a resolver beside its ATMs, two servers of the
 * bank, and a database with a standby that confirms each commit. Machines can be cut off from each other.
 */
import { writeFileSync } from "node:fs";
import { told } from "./closed-network.ts";
import { Crowd, OPENING, type Person } from "./crowd.ts";
import { JOINED_NETWORKS, Namespace } from "./namespaces.ts";
import { PostgresServer } from "./postgres.ts";
import { RunningStrata, Scratch, strata } from "./strata.ts";

const HUB = "10.9.0.1";
const RESOLVER = "10.9.0.2";
const MACHINES = { b1: "10.9.0.11", b2: "10.9.0.12", d1: "10.9.0.21", d2: "10.9.0.22" } as const;
const ZONE = `$ORIGIN firstbank.com.
$TTL 5
@ SOA ns h 7 3600 900 604800 1
@ NS ns
ns A ${HUB}
`;
const ROOT = `. 300 SOA ns. h. 1 3600 600 86400 1
. 300 NS ns.
ns. 300 A ${HUB}
firstbank.com. 300 NS ns.firstbank.com.
ns.firstbank.com. 300 A ${HUB}
`;
const LEASE_SECONDS = 2;

export type Machine = keyof typeof MACHINES;
export type Server = "b1" | "b2";

export class BankSite implements AsyncDisposable {
  readonly #scratch = new Scratch();
  readonly #all: AsyncDisposable[] = [];
  readonly #hub: Namespace;
  readonly #machines: ReadonlyMap<Machine, Namespace>;
  #primary: PostgresServer | null = null;
  #standby: PostgresServer | null = null;
  #crowd: Crowd | null = null;
  #database = "";

  private constructor(hub: Namespace, machines: ReadonlyMap<Machine, Namespace>) {
    this.#hub = hub;
    this.#machines = machines;
    this.#all.push(...machines.values(), hub);
  }

  /** With so many ATMs, and a person at each; no server of the bank runs yet. */
  static async open(atms: number): Promise<BankSite> {
    const site = await BankSite.#joined();
    try {
      await site.#begin(atms);
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #joined(): Promise<BankSite> {
    const bridge = "ip link add name hub type bridge && ip link set hub up && ip link set lo up";
    const addresses = "for address; do ip address add $address/24 dev hub || exit 1; done";
    const hub = await Namespace.open(JOINED_NETWORKS, `${bridge} && ${addresses}`, [HUB, RESOLVER]);
    const machines = new Map<Machine, Namespace>();
    for (const name of ["b1", "b2", "d1", "d2"] as const) {
      const machine = await Namespace.open(JOINED_NETWORKS, "ip link set lo up", []);
      machines.set(name, machine);
      const pair = `ip link add name ${name} type veth peer name eth0 netns ${machine.pid}`;
      await mustRun([...hub.within, "sh", "-c", `${pair} && ip link set ${name} master hub up`]);
      const up = `ip address add ${MACHINES[name]}/24 dev eth0 && ip link set eth0 up`;
      await mustRun([...machine.within, "sh", "-c", up]);
    }
    return new BankSite(hub, machines);
  }

  get primary(): PostgresServer {
    return this.#primary!;
  }

  /** The standby is the primary from here on. */
  async promote(): Promise<void> {
    await this.#standby!.promote();
    this.#primary = this.#standby;
  }

  get crowd(): Crowd {
    return this.#crowd!;
  }

  /** Not awaited until it is ready: one that waits for the other is not. */
  serve(server: Server, address: string = MACHINES[server]): RunningStrata {
    const words = [...this.#words(`${address}:4430`), "--host", server];
    const running = RunningStrata.begin(words, this.#within(server));
    this.#all.push(running);
    return running;
  }

  /** Every packet between that machine and all others is lost, until `heal`. */
  async isolate(machine: Machine): Promise<void> {
    await mustRun([...this.#hub.within, "ip", "link", "set", machine, "down"]);
  }

  /** Every packet between these two is lost: each believes the other to be where nobody is. */
  async cut(one: Machine, other: Machine): Promise<void> {
    for (const [at, from] of [
      [one, other],
      [other, one],
    ] as const) {
      const nowhere = ["lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent"];
      await mustRun([...this.#within(at), "ip", "neigh", "replace", MACHINES[from], ...nowhere]);
    }
  }

  async heal(): Promise<void> {
    for (const machine of this.#machines.keys()) {
      await mustRun([...this.#hub.within, "ip", "link", "set", machine, "up"]);
      const flush = ["ip", "neigh", "flush", "dev", "eth0", "nud", "permanent"];
      await mustRun([...this.#within(machine), ...flush]);
    }
  }

  /** Changes the addresses of a machine. */
  async address(machine: Machine, how: "add" | "del", address: string): Promise<void> {
    await mustRun([...this.#within(machine), "ip", "address", how, `${address}/24`, "dev", "eth0"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#all.splice(0).reverse()) await one[Symbol.asyncDispose]();
    this.#scratch[Symbol.dispose]();
  }

  /** The counter takes people and ATMs from its own machine only, so the bank is opened where the ATMs are, and then moves. */
  async #begin(atms: number): Promise<void> {
    await this.#startNames();
    const place = (machine: Machine) => ({ within: this.#within(machine), address: MACHINES[machine] });
    const primary = await PostgresServer.start({}, place("d1"));
    this.#all.push(primary);
    this.#primary = primary;
    const standby = await primary.startStandby("d2", place("d2"));
    this.#all.push(standby);
    this.#standby = standby;
    this.#database = `postgres://postgres@${MACHINES.d1}:${primary.port},${MACHINES.d2}:${standby.port}/postgres`;
    const first = await RunningStrata.start([...this.#words("127.0.0.1:4430"), "--host", "b0"], this.#hub.within);
    this.#all.push(first);
    const people: Person[] = [];
    for (let i = 0; i < atms; i++) people.push(await this.#person(`p${i}`));
    const where = { state: this.#scratch.file("atms"), resolver: `${RESOLVER}:53` };
    this.#crowd = await Crowd.open({ ...where, people, within: this.#hub.within });
    this.#all.push(this.#crowd);
    await first.stop();
  }

  async #startNames(): Promise<void> {
    const file = (name: string, text: string): string => {
      writeFileSync(this.#scratch.file(name), text);
      return this.#scratch.file(name);
    };
    const key = file("update.key", (await strata(["key", "generate", "update.firstbank.com"])).stdout);
    const root = file("root", ROOT);
    const zones = [
      { name: ".", file: root },
      {
        ...{ name: "firstbank.com", file: file("firstbank.com.zone", ZONE) },
        ...{ update: [{ key: "update.firstbank.com" }], leases: { secondsMin: 1 } },
      },
    ];
    const more = { state: this.#scratch.file("names"), keyFiles: [key], threads: 0 };
    const configuration = file("server.yaml", JSON.stringify({ listen: [`${HUB}:53`], zones, ...more }));
    const within = this.#hub.within;
    this.#all.push(await RunningStrata.start(["serve", "--config", configuration], within));
    const resolver = ["resolver", "--listen", `${RESOLVER}:53`, "--hints", root, "--allow", "10.9.0.0/24"];
    this.#all.push(await RunningStrata.start([...resolver, "--threads", "0"], within));
  }

  #words(listen: string): string[] {
    return [
      ...["bank", "serve", "--name", "firstbank.com", "--listen", listen, "--server", `${RESOLVER}:53`],
      ...["--key", this.#scratch.file("update.key"), "--state", this.#scratch.file("state")],
      ...["--lease", `${LEASE_SECONDS}s`, "--threads", "1", "--database", this.#database],
    ];
  }

  async #person(holder: string): Promise<Person> {
    const { status, stdout, stderr } = await strata(
      [
        ...["bank", "open", "--bank", "firstbank.com", "--holder", holder, "--pin", "1234", "--json"],
        ...["--deposit", String(OPENING / 100n), "--server", `${RESOLVER}:53`, "--state", this.#scratch.file("state")],
      ],
      {},
      this.#hub.within,
    );
    if (status !== 0) throw new Error(`no account could be opened: ${stderr}`);
    return { card: String((JSON.parse(stdout) as { card: unknown }).card), pin: "1234" };
  }

  #within(machine: Machine): readonly string[] {
    return this.#machines.get(machine)!.within;
  }
}

async function mustRun(words: readonly string[]): Promise<void> {
  const text = await told(...words);
  if (text !== "") throw new Error(`${words.join(" ")}: ${text}`);
}
