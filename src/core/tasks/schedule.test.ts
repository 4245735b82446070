import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askedOf, unitsOffered } from "./rules.ts";
import { type Candidate, decide, forecast, type Group, type Node, type Question, scoresOf, WEIGHTS } from "./schedule.ts";
import { isActive, NEXT, nextState } from "./states.ts";

const NOW = new Date("2026-03-07T12:00:00Z");
const inSeconds = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const QUOTAS = { prio: 50, seconds: 0, cpu: 0, memoryMib: 0, gpus: 0 };
const NOTHING = { tasks: 0, cpu: 0, memoryMib: 0, gpus: 0, seconds: 0 };

const task = (id: number, more: Partial<Candidate> = {}): Candidate => ({
  id,
  cpu: 1,
  memoryMib: 1,
  gpus: 0,
  walltimeSeconds: 100,
  labels: [],
  avoid: [],
  left: 1,
  queuedAt: NOW,
  ...more,
});
const group = (person: number, heads: readonly Candidate[], more: Partial<Group> = {}): Group => ({
  person,
  study: 0,
  personQuotas: QUOTAS,
  studyQuotas: QUOTAS,
  personUsed: NOTHING,
  studyUsed: NOTHING,
  heads,
  ...more,
});
const node = (
  cpu: number,
  taken: readonly { readonly cpu: number; readonly until: number }[] = [],
  more: Partial<Node> = {},
): Node => ({
  name: "n1",
  isUp: true,
  labels: {},
  cpu,
  memoryMib: 1000,
  gpus: 0,
  taken: taken.map(run => ({ cpu: run.cpu, memoryMib: 1, gpus: 0, until: inSeconds(run.until), person: 99, study: 0 })),
  ...more,
});
const ask = (groups: readonly Group[], nodes: readonly Node[], more: Partial<Question> = {}): Question => ({
  now: NOW,
  policy: "fair-share",
  weights: WEIGHTS,
  groups,
  nodes,
  most: 64,
  unlimited: false,
  ...more,
});
const started = (question: Question): number[] => decide(question).starts.map(start => start.id);

describe("who starts next", () => {
  it("in order of arrival within one person and study, as far as there is room", () => {
    assert.deepEqual(started(ask([group(1, [task(1), task(2), task(3)])], [node(2)])), [1, 2]);
  });

  it("whoever used less of late comes first, whatever the order of arrival", () => {
    const heavy = group(1, [task(1)], { personUsed: { ...NOTHING, seconds: 100_000, cpu: 50 } });
    assert.deepEqual(started(ask([heavy, group(2, [task(2)])], [node(1)])), [2]);
    assert.deepEqual(started(ask([heavy, group(2, [task(2)])], [node(1)], { policy: "fifo" })), [1]);
  });

  it("a higher priority comes first", () => {
    const urgent = group(2, [task(2)], { personQuotas: { ...QUOTAS, prio: 90 } });
    assert.deepEqual(started(ask([group(1, [task(1)]), urgent], [node(1)])), [2]);
    const study = group(3, [task(3)], { study: 7, studyQuotas: { ...QUOTAS, prio: 100 } });
    assert.deepEqual(started(ask([group(1, [task(1)]), study], [node(1)])), [3]);
  });

  it("what somebody has running counts: nobody takes all the room while another waits", () => {
    const many = Array.from({ length: 50 }, (_, n) => task(n + 1));
    const answer = decide(ask([group(1, many), group(2, [task(101), task(102), task(103)])], [node(6)]));
    const ofSecond = answer.starts.filter(start => start.id > 100).length;
    assert.equal(ofSecond, 3);
  });

  it("of an array so many elements start as there is room for", () => {
    assert.deepEqual(decide(ask([group(1, [task(1, { left: 1000 })])], [node(5)])).starts, [{ id: 1, count: 5 }]);
  });

  it("a task that does not fit lets smaller ones by, and has its room kept: the small ones must end before it can start", () => {
    const big = task(1, { cpu: 4, walltimeSeconds: 1000 });
    const short = task(2, { walltimeSeconds: 50 });
    const long = task(3, { walltimeSeconds: 500 });
    const answer = decide(ask([group(1, [big, short, long])], [node(4, [{ cpu: 2, until: 100 }])]));
    assert.deepEqual(
      answer.starts.map(start => start.id),
      [2],
    );
    assert.deepEqual(answer.reserved, [{ id: 1, node: "n1", at: inSeconds(100) }]);
    assert.deepEqual(answer.waiting, [1, 3]);
  });

  it("room that the large one will not need may be taken for long", () => {
    const big = task(1, { cpu: 3, walltimeSeconds: 1000 });
    const long = task(2, { walltimeSeconds: 5000 });
    assert.deepEqual(started(ask([group(1, [big, long])], [node(4, [{ cpu: 2, until: 100 }])])), [2]);
  });

  it("a stream of small tasks does not starve a large one", () => {
    let now = 0;
    let running = Array.from({ length: 4 }, (_, n) => ({ cpu: 1, until: 10 * (n + 1) }));
    for (let round = 0; round < 200; round++) {
      const small = Array.from({ length: 20 }, (_, n) =>
        task(1000 + round * 20 + n, { walltimeSeconds: 40, queuedAt: inSeconds(now) }),
      );
      const question = ask(
        [group(1, [task(1, { cpu: 4, walltimeSeconds: 60 })]), group(2, small, { personQuotas: { ...QUOTAS, prio: 60 } })],
        [node(4, running)],
        { now: inSeconds(now) },
      );
      const answer = decide(question);
      if (answer.starts.some(start => start.id === 1)) return;
      running = [...running, ...answer.starts.map(() => ({ cpu: 1, until: now + 40 }))];
      now = Math.min(...running.map(run => run.until));
      running = running.filter(run => run.until > now);
    }
    assert.fail("the large task never started");
  });

  it("a task beyond every node is told so, and nothing is kept for it", () => {
    const answer = decide(ask([group(1, [task(1, { cpu: 9 }), task(2)])], [node(4)]));
    assert.deepEqual([answer.tooLarge, answer.reserved, answer.starts.length], [[1], [], 1]);
    assert.deepEqual(decide(ask([group(1, [task(1)])], [node(4, [], { isUp: false })])).tooLarge, [1]);
  });

  it("labels and nodes to avoid are heeded", () => {
    const nodes = [node(4), node(4, [], { name: "n2", labels: { storage: "ssd" } })];
    const answer = (more: Partial<Candidate>) => decide(ask([group(1, [task(1, more)])], nodes));
    assert.equal(answer({ labels: [["storage", "ssd"]] }).starts.length, 1);
    assert.equal(answer({ labels: [["storage", "disk"]] }).tooLarge.length, 1);
    assert.equal(answer({ labels: [["storage", "ssd"]], avoid: ["n2"] }).tooLarge.length, 1);
  });

  it("units are counted: what runs has them, and who asks for more than are free waits, or for more than there are never starts", () => {
    const { labels, units } = askedOf(["resource==licence", "storage==ssd", "resource==licence", "resource==seat"]);
    assert.deepEqual({ labels, units }, { labels: [["storage", "ssd"]], units: { licence: 2, seat: 1 } });
    assert.deepEqual([askedOf([]).units, unitsOffered({ storage: "ssd", licence: "3" })], [undefined, { licence: 3 }]);
    const one = { licence: 1 };
    const heads = [task(1, { units: { licence: 2 } }), task(2, { units: one }), task(3, { units: one }), task(4)];
    const free = decide(ask([group(1, heads)], [node(8, [], { units: { licence: 3 } })]));
    assert.deepEqual([free.starts.map(({ id }) => id), free.waiting, free.tooLarge], [[1, 2, 4], [3], []]);
    const runs = [{ cpu: 1, memoryMib: 1, gpus: 0, units: { licence: 3 }, until: inSeconds(30), person: 9, study: 0 }];
    const full = ask([group(1, [task(1, { units: one }), task(2)])], [node(8, [], { units: { licence: 3 }, taken: runs })]);
    assert.deepEqual([decide(full).starts.map(({ id }) => id), decide(full).waiting], [[2], [1]]);
    assert.deepEqual([decide(full).reserved[0]?.at, forecast(full, 1)], [inSeconds(30), inSeconds(30)]);
    assert.deepEqual(decide(ask([group(1, [task(1, { units: { seat: 1 } })])], [node(8)])).tooLarge, [1]);
  });

  it("a cluster with a queue of its own is given everything, so many at a time", () => {
    assert.equal(decide(ask([group(1, [task(1, { left: 1000 })])], [], { unlimited: true, most: 100 })).starts[0]?.count, 100);
  });

  it("scores by the weights: usage over priority over waiting", () => {
    const [light, heavy] = scoresOf(
      [group(1, [task(1)]), group(2, [task(2)], { personUsed: { ...NOTHING, seconds: 10 } })],
      NOW,
      WEIGHTS,
    );
    assert.ok(light! < heavy!);
    assert.equal(heavy! - light!, 1);
  });

  it("tells when a task starts at the latest", () => {
    const groups = [group(1, [task(1, { cpu: 2 }), task(2, { cpu: 2 }), task(3, { cpu: 2 })])];
    const question = ask(groups, [node(2, [{ cpu: 2, until: 30 }])]);
    assert.deepEqual(forecast(question, 1), inSeconds(30));
    assert.deepEqual(forecast(question, 2), inSeconds(130));
    assert.deepEqual(forecast(question, 3), inSeconds(230));
    assert.equal(forecast(question, 4), undefined);
    assert.equal(forecast(ask([group(1, [task(1, { cpu: 9 })])], [node(2)]), 1), undefined);
  });
});

describe("the table of states", () => {
  it("leads from each state only where a task may go", () => {
    assert.equal(nextState("pending", "claim"), "starting");
    assert.equal(nextState("over", "claim"), undefined);
    assert.equal(nextState("archived", "release"), undefined);
    assert.deepEqual(
      Object.keys(NEXT).filter(state => isActive(state as keyof typeof NEXT)),
      ["created", "pending", "starting", "running"],
    );
  });

  it("has an end for everything that is not over", () => {
    for (const [state, events] of Object.entries(NEXT))
      if (isActive(state as keyof typeof NEXT))
        assert.ok(
          Object.values(events).some(next => next === "over" || next === "pending"),
          state,
        );
  });
});
