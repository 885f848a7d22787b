/** Cash at an ATM, with a crash at every moment: nobody ever has more or less than before. */
import { describe, expect, test } from "vitest";
import { CashWorld, WorldEnd } from "./cash-world.ts";

/** Runs it in a new world that ends before each moment in turn, mends that world, and looks at it. */
async function endingAnywhere(
  prepare: (world: CashWorld) => void,
  work: (world: CashWorld) => Promise<unknown>,
  look: (world: CashWorld, moment: number) => Promise<void> | void,
): Promise<number> {
  for (let moment = 1; ; moment++) {
    const world = new CashWorld();
    world.moment = 0;
    world.endsBefore = moment;
    prepare(world);
    let isOver = false;
    await work(world).catch((error: unknown) => {
      if (!(error instanceof WorldEnd)) throw error;
      isOver = true;
    });
    await world.mend();
    await look(world, moment);
    if (!isOver) return moment;
  }
}

const balanced = ({ wealth, shutter, escrow }: CashWorld, moment: number): void => {
  expect({ moment, wealth, shutter, escrow: escrow.size }).toEqual({
    moment,
    wealth: CashWorld.wealth,
    shutter: 0n,
    escrow: 0,
  });
};

const withdraw = (world: CashWorld) => world.start().withdraw(world.asked("w1", 3000n));
const deposit = async (world: CashWorld) => {
  const machine = world.start();
  world.insert("d1", 2000n);
  return machine.deposit(world.asked("d1", 2000n));
};

describe("a crash at every moment", () => {
  test.each([
    ["a withdrawal", withdraw, () => undefined],
    ["one whose answer is lost", withdraw, (world: CashWorld) => world.ways.push("lost-answer")],
    ["one that does not arrive", withdraw, (world: CashWorld) => world.ways.push("lost-request")],
    ["one that reaches nobody", withdraw, (world: CashWorld) => world.ways.push("unreached")],
    ["one that is refused", (world: CashWorld) => world.start().withdraw(world.asked("w1", 20_000n)), () => undefined],
    ["notes that are stuck", withdraw, (world: CashWorld) => void (world.presents = "nothing")],
    ["notes that nobody takes", withdraw, (world: CashWorld) => void (world.takes = "retracted")],
    ["notes that nobody knows of", withdraw, (world: CashWorld) => void (world.takes = "unsure")],
    ["a deposit", deposit, () => undefined],
    ["a deposit whose answer is lost", deposit, (world: CashWorld) => world.ways.push("lost-answer")],
    ["a deposit that does not arrive", deposit, (world: CashWorld) => world.ways.push("lost-request")],
    ["a deposit that reaches nobody", deposit, (world: CashWorld) => world.ways.push("unreached")],
    [
      "cash while the bank cannot be asked",
      withdraw,
      (world: CashWorld) => {
        world.offlineMax = 3000n;
        world.ways.push("unreached");
      },
    ],
  ])("of %s leaves nobody richer or poorer", async (_what, work, prepare) => {
    expect(await endingAnywhere(prepare, work, balanced)).toBeGreaterThan(4);
  });

  test("and a second one while it is mended", async () => {
    for (let first = 1; first <= 12; first++) {
      await endingAnywhere(
        () => undefined,
        async (world) => {
          const second = world.endsBefore;
          world.endsBefore = first;
          await withdraw(world).catch(() => undefined);
          world.moment = 0;
          world.endsBefore = second;
          await world.start().settle(0);
        },
        balanced,
      );
    }
  });
});

describe("the same key again", () => {
  test("after an answer that was lost gives the cash, once", async () => {
    const world = new CashWorld();
    world.ways.push("lost-answer");
    expect(await withdraw(world)).toMatchObject({ kind: "unknown" });
    expect([world.balance, world.hand]).toEqual([7000n, 5000n]);
    expect(await withdraw(world)).toMatchObject({ kind: "ok", answer: { balance: "7000" } });
    expect(await withdraw(world)).toMatchObject({ kind: "ok", answer: { balance: "7000" } });
    expect([world.balance, world.hand]).toEqual([7000n, 8000n]);
  });

  test("is waited for; later the bank takes it back, and it gives nothing any more", async () => {
    const world = new CashWorld();
    world.ways.push("lost-answer");
    await withdraw(world);
    await world.start().settle();
    expect(world.balance).toBe(7000n);
    world.seconds += 300;
    await world.start().settle();
    expect([world.balance, world.reversals]).toEqual([10_000n, ["4021"]]);
    expect(await withdraw(world)).toMatchObject({ kind: "refused", answer: { status: "reversed" } });
    expect(world.wealth).toBe(CashWorld.wealth);
  });

  test("by two processes at once gives the cash once", async () => {
    const world = new CashWorld();
    world.areAllAlive = true;
    world.ways.push("lost-answer");
    await withdraw(world);
    const outcomes = await Promise.all([withdraw(world), withdraw(world)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["ok", "unknown"]);
    expect(await withdraw(world)).toMatchObject({ kind: "ok" });
    expect([world.balance, world.hand]).toEqual([7000n, 8000n]);
  });

  test("while two processes settle it is taken back once", async () => {
    const world = new CashWorld();
    world.ways.push("lost-answer");
    await withdraw(world);
    await Promise.all([world.start().settle(0), world.start().settle(0), withdraw(world)]);
    await world.start().settle(0);
    expect([world.wealth, world.journal.change((page) => page.openOperations())]).toEqual([CashWorld.wealth, []]);
  });

  test("for another amount is refused", async () => {
    const world = new CashWorld();
    await withdraw(world);
    const other = await world.start().withdraw(world.asked("w1", 5000n));
    expect(other).toMatchObject({ kind: "refused", answer: { status: "key-reused" } });
  });

  test("goes to the bank anew where it never arrived", async () => {
    const world = new CashWorld();
    world.ways.push("unreached");
    expect(await withdraw(world)).toMatchObject({ kind: "unreached" });
    expect(await withdraw(world)).toMatchObject({ kind: "ok" });
    expect([world.balance, world.hand]).toEqual([7000n, 8000n]);
  });

  test("of a deposit keeps the notes until it is known", async () => {
    const world = new CashWorld();
    world.ways.push("lost-answer");
    expect(await deposit(world)).toMatchObject({ kind: "unknown" });
    expect(world.escrow.size).toBe(1);
    expect(await world.start().deposit(world.asked("d1", 2000n))).toMatchObject({ kind: "ok" });
    expect([world.balance, world.bin, world.escrow.size]).toEqual([12_000n, 2000n, 0]);
  });
});

describe("reversals say why (ISO 8583)", () => {
  test.each([
    ["notes that are stuck: 4017", (world: CashWorld) => void (world.presents = "nothing"), "4017"],
    ["notes that nobody takes: 4018", (world: CashWorld) => void (world.takes = "retracted"), "4018"],
  ])("%s", async (_what, prepare, cause) => {
    const world = new CashWorld();
    prepare(world);
    expect(await withdraw(world)).toMatchObject({ kind: "refused" });
    expect([world.reversals, world.balance]).toEqual([[cause], 10_000n]);
  });

  test("one that does not arrive is sent again until it is acknowledged", async () => {
    const world = new CashWorld();
    world.takes = "retracted";
    world.ways.push("well", "unreached", "lost-answer", "lost-request");
    await withdraw(world);
    expect(world.balance).toBe(7000n);
    for (let i = 0; i < 3; i++) await world.start().settle();
    expect([world.balance, await world.start().settle()]).toEqual([10_000n, []]);
  });
});

describe("notes that nobody knows of", () => {
  test("two of one amount, one of them given: staff must say which", async () => {
    const world = new CashWorld();
    world.takes = "unsure";
    const machine = world.start();
    for (const key of ["w1", "w2"]) {
      expect(await machine.withdraw(world.asked(key, 3000n))).toMatchObject({ kind: "unknown" });
    }
    // One lay in the shutter still.
    world.hand -= 3000n;
    world.inside += 3000n;
    const counted = [{ denomination: 1n, count: Number(world.inside) }];
    expect(machine.count(counted)).toMatchObject({ kind: "undecided", over: 3000n });
    expect(machine.count(counted, ["w1"])).toMatchObject({ kind: "counted", over: 0n, notGiven: [{ key: "w2" }] });
    await machine.settle();
    expect([world.wealth, world.reversals]).toEqual([CashWorld.wealth, ["4017"]]);
  });

  test("what is short beyond that is told", async () => {
    const world = new CashWorld();
    const machine = world.start();
    expect(machine.count([{ denomination: 1n, count: Number(world.inside) - 7 }], [])).toMatchObject({ over: -7n });
  });
});

describe("while the bank cannot be asked", () => {
  test("a card has so much and no more, and the bank is told in order, once", async () => {
    const world = new CashWorld();
    world.offlineMax = 3000n;
    const machine = world.start();
    const take = (key: string) => machine.withdraw(world.asked(key, 2000n, null));
    expect(await take("w1")).toMatchObject({ kind: "ok" });
    expect(await take("w2")).toMatchObject({ kind: "unreached" });
    expect(world.balance).toBe(10_000n);
    world.ways.push("lost-answer");
    expect(await machine.settle()).toHaveLength(1);
    expect(await machine.settle()).toEqual([]);
    expect(world.balance).toBe(8000n);
    expect(await take("w3")).toMatchObject({ kind: "ok" });
  });

  test("one that may have been done is never given besides", async () => {
    const world = new CashWorld();
    world.offlineMax = 3000n;
    world.ways.push("lost-answer", "unreached");
    expect(await withdraw(world)).toMatchObject({ kind: "unknown" });
    expect(await withdraw(world)).toMatchObject({ kind: "unknown" });
    expect(world.hand).toBe(5000n);
  });
});

describe("notes", () => {
  test("that another withdrawal has set aside are not promised again", async () => {
    const world = new CashWorld();
    world.journal.change((page) => page.setCassettes([{ denomination: 2000n, count: 1 }]));
    world.ways.push("lost-answer");
    await world.start().withdraw(world.asked("w1", 2000n));
    const second = await world.start().withdraw(world.asked("w2", 2000n));
    expect(second).toMatchObject({ kind: "refused", answer: { status: "no-notes" } });
  });
});
