/**
 * Two servers of one bank on a database with a standby, found by name alone, while people stand at its ATMs the whole time: a server is killed,
 * cut off or moved, the database's machine is lost. The ATMs go on by name with the same keys; nothing is done twice, and nothing is missing.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgresReader } from "../../bank/index.ts";
import { systemClock } from "../../base/index.ts";
import { BankSite } from "../support/bank-site.ts";
import { describeInNamespace, JOINED_NETWORKS } from "../support/namespaces.ts";
import type { RunningStrata } from "../support/strata.ts";

const ATMS = 4;
const MOVED_TO = "10.9.0.31";
const LIMIT_MILLISECONDS = 240_000;

describeInNamespace(JOINED_NETWORKS, "a bank on several machines", ["initdb", "postgres", "pg_basebackup"], () => {
  let site: BankSite;
  /** Who serves, and who waits until that one is gone. */
  let serving: RunningStrata;
  let waiting: RunningStrata;

  beforeAll(async () => {
    site = await BankSite.open(ATMS);
    serving = site.serve("b1");
    await serving.ready();
    waiting = site.serve("b2");
    await waiting.line("stderr", /this one waits/);
  }, LIMIT_MILLISECONDS);
  afterAll(() => site[Symbol.asyncDispose](), LIMIT_MILLISECONDS);

  /** While people stand at the ATMs; afterwards everything is where it belongs. */
  async function happens(what: string, work: () => Promise<void>): Promise<void> {
    const { crowd } = site;
    crowd.go();
    await crowd.goesOn();
    await work();
    const seconds = await crowd.goesOn();
    const reader = await openPostgresReader(site.primary.localUrl, systemClock);
    try {
      expect(await crowd.rest(reader)).toEqual([]);
    } finally {
      await reader.close();
    }
    const { outcomes, askedAgain } = crowd;
    process.stderr.write(
      `\n${what}: all ATMs go on after ${seconds.toFixed(1)} s; ${outcomes.length} told, ${askedAgain} asked again\n`,
    );
  }

  /** The one that waited serves now; the other is begun anew, or waits by itself. */
  async function changePlaces(server: "b1" | "b2", isEnded: boolean): Promise<void> {
    await waiting.ready();
    const before = serving;
    serving = waiting;
    waiting = isEnded ? site.serve(server) : before;
    await waiting.line("stderr", /has taken over: this one waits|server now: this one waits/);
  }

  test(
    "the server is killed: the one that waited takes over",
    async () => {
      await happens("server killed", async () => void (await serving.stop("SIGKILL")));
      await changePlaces("b1", true);
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "the servers cannot reach each other: nobody notices",
    async () => {
      await happens("servers apart", () => site.cut("b1", "b2"));
      await site.heal();
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "the server is cut off from everybody: the other takes over, and that one waits when it is back",
    async () => {
      await happens("server cut off", () => site.isolate("b2"));
      await site.heal();
      await changePlaces("b2", false);
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "the server is cut off from its database alone: it lets the other take over",
    async () => {
      await happens("server without its database", async () => {
        await site.cut("b1", "d1");
        await site.cut("b1", "d2");
      });
      await site.heal();
      await changePlaces("b1", false);
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "the server moves to another address: it is found there by its name",
    async () => {
      await waiting.stop();
      await happens("server moved", async () => {
        await site.address("b2", "add", MOVED_TO);
        await serving.stop();
        serving = site.serve("b2", MOVED_TO);
        await serving.ready();
      });
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "its machine gets another address while it runs: its records follow",
    async () => {
      await serving.stop();
      serving = site.serve("b2", "0.0.0.0");
      await serving.ready();
      await happens("address changed", () => site.address("b2", "del", MOVED_TO));
      waiting = site.serve("b1");
      await waiting.line("stderr", /this one waits/);
    },
    LIMIT_MILLISECONDS,
  );

  test(
    "the database's machine is lost: its standby is promoted, and the server goes on with it",
    async () => {
      await happens("database lost", async () => {
        await site.primary.kill();
        await site.promote();
      });
    },
    LIMIT_MILLISECONDS,
  );
});
