import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY, HOUR, later } from "../../kernel/clock.ts";
import { WORKSPACE_STATUSES, type Workspace, type WorkspaceStatus } from "./model.ts";
import { GONE_AFTER_MS, judge, mustBecome, mustBeFree, NEXT, noticeDue, offered, type ServerState } from "./states.ts";

const NOW = new Date("2026-06-01T12:00:00Z");

const aWorkspace = (more: Partial<Workspace> = {}): Workspace => ({
  id: 1 as Workspace["id"],
  machineId: 1 as Workspace["machineId"],
  provider: "openstack",
  cloudId: "server",
  status: "DONE",
  statusMessage: "",
  power: "on",
  claimed: false,
  task: undefined,
  taskFailed: false,
  taskSince: undefined,
  askedAt: undefined,
  missingSince: undefined,
  startingAt: later(NOW, -30 * DAY),
  endingAt: later(NOW, 300 * DAY),
  createdAt: NOW,
  updatedAt: NOW,
  ...more,
});

describe("what a workspace may become", () => {
  for (const from of WORKSPACE_STATUSES)
    it(`${from}: ${NEXT[from].join(", ") || "nothing more"}; and it may stay what it is`, () => {
      for (const to of WORKSPACE_STATUSES)
        if (to === from || NEXT[from].includes(to)) mustBecome(from, to);
        else
          assert.throws(() => mustBecome(from, to), {
            kind: "conflict",
            message: `A workspace that is ${from} cannot become ${to}.`,
          });
    });

  it("every status but the last leads to the last, and nothing leads out of it or back from being removed", () => {
    const reached = (from: WorkspaceStatus, seen = new Set([from])): Set<WorkspaceStatus> => {
      for (const to of NEXT[from]) if (!seen.has(to)) reached(to, seen.add(to));
      return seen;
    };
    for (const from of WORKSPACE_STATUSES) assert.ok(reached(from).has("TERMINATED"), from);
    assert.deepEqual([...reached("DELETE")], ["DELETE", "TERMINATED"]);
    assert.deepEqual(NEXT.TERMINATED, []);
  });
});

describe("taking a workspace up", () => {
  it("is for the first; again only for who gave a remote id with it", () => {
    assert.equal(mustBeFree(aWorkspace({ status: "NEW", cloudId: "" }), undefined), true);
    const taken = aWorkspace({ status: "UPDATING", claimed: true, cloudId: "mine" });
    assert.equal(mustBeFree(taken, "mine"), false);
    for (const id of [undefined, "", "other"]) assert.throws(() => mustBeFree(taken, id), { kind: "conflict" });
    const nameless = aWorkspace({ status: "UPDATING", claimed: true, cloudId: "" });
    for (const id of [undefined, ""]) assert.throws(() => mustBeFree(nameless, id), { kind: "conflict" });
  });

  it("a change that waits is free, although the workspace is UPDATING", () => {
    assert.equal(mustBeFree(aWorkspace({ status: "UPDATING", claimed: false }), undefined), true);
  });
});

describe("what the page of a machine offers", () => {
  const cases: [string, Partial<Workspace>, string[]][] = [
    ["asked for", { status: "NEW", power: "unknown", cloudId: "", task: "build" }, ["change", "delete"]],
    ["being built", { status: "UPDATING", power: "unknown", cloudId: "", task: "build" }, ["change", "delete"]],
    ["running", {}, ["change", "resize", "stop", "reboot", "delete"]],
    ["being stopped", { task: "stop" }, ["change", "delete"]],
    ["stopped", { status: "OFFLINE", power: "off" }, ["change", "resize", "start", "delete"]],
    ["of unknown power", { status: "OFFLINE", power: "unknown" }, ["change", "resize", "start", "stop", "delete"]],
    [
      "not built",
      { status: "ERROR", power: "unknown", cloudId: "", task: "build", taskFailed: true },
      ["change", "resize", "retry", "delete"],
    ],
    [
      "failed to start",
      { status: "ERROR", power: "off", task: "start", taskFailed: true },
      ["change", "resize", "start", "retry", "delete"],
    ],
    ["being removed", { status: "DELETE", task: "delete" }, []],
    ["gone", { status: "TERMINATED", power: "unknown" }, ["delete"]],
  ];
  for (const [what, more, verbs] of cases)
    it(`${what}: ${verbs.join(", ") || "nothing"}`, () => {
      assert.deepEqual(offered(aWorkspace(more), true, false), verbs);
    });

  it("staff may extend what is not gone; a queue cannot start or stop", () => {
    assert.ok(offered(aWorkspace(), true, true).includes("extend"));
    assert.ok(!offered(aWorkspace({ status: "TERMINATED" }), true, true).includes("extend"));
    assert.deepEqual(offered(aWorkspace({ provider: "vrw" }), false, false), ["change", "resize", "delete"]);
    assert.deepEqual(offered(aWorkspace({ provider: "vrw", status: "ERROR" }), false, false), [
      "change",
      "resize",
      "retry",
      "delete",
    ]);
  });
});

describe("what a look at the cloud says", () => {
  const say = (more: Partial<Workspace>, seen: ServerState | undefined, isAnySeen = true) => {
    const verdict = judge(aWorkspace(more), seen, isAnySeen, NOW);
    return verdict && [verdict.status, verdict.power, verdict.missing];
  };
  const missingFor = (ms: number): Partial<Workspace> => ({ status: "OFFLINE", power: "unknown", missingSince: later(NOW, -ms) });

  it("what is as it was is no news, and neither is what is on its way", () => {
    assert.equal(say({}, "running"), undefined);
    assert.equal(say({ status: "OFFLINE", power: "off" }, "stopped"), undefined);
    for (const seen of ["busy", "building"] as const) assert.equal(say({}, seen), undefined);
  });

  it("stopped is OFFLINE, running again is DONE, failed is ERROR", () => {
    assert.deepEqual(say({}, "stopped"), ["OFFLINE", "off", false]);
    assert.deepEqual(say({ status: "OFFLINE", power: "off" }, "running"), ["DONE", "on", false]);
    assert.deepEqual(say({}, "failed"), ["ERROR", "unknown", false]);
  });

  it("gone is first OFFLINE, and after an hour TERMINATED; found again it is DONE", () => {
    for (const seen of [undefined, "going"] as const) {
      assert.deepEqual(say({}, seen), ["OFFLINE", "unknown", true]);
      assert.equal(say(missingFor(GONE_AFTER_MS - 1), seen), undefined);
      assert.deepEqual(say(missingFor(GONE_AFTER_MS), seen), ["TERMINATED", "unknown", true]);
    }
    assert.deepEqual(say(missingFor(HOUR), "running"), ["DONE", "on", false]);
  });

  it("when none of several is found the fault is ours: nothing is given up", () => {
    assert.equal(say(missingFor(9 * HOUR), undefined, false), undefined);
  });

  it("says nothing of one with a task, without a server, or that is ending", () => {
    for (const more of [
      { task: "stop" },
      { task: "start", taskFailed: true },
      { cloudId: "" },
      { status: "NEW" },
      { status: "DELETE" },
      { status: "TERMINATED" },
    ] as const)
      assert.equal(say(more, undefined), undefined, JSON.stringify(more));
  });
});

describe("notices of the end", () => {
  const due = (left: number, life = 365 * DAY) =>
    noticeDue({ startingAt: later(NOW, left - life), endingAt: later(NOW, left) }, NOW);

  it("come 30, 7 and 1 days before it", () => {
    assert.equal(due(31 * DAY), undefined);
    assert.equal(due(30 * DAY), 30);
    assert.equal(due(8 * DAY), 30);
    assert.equal(due(7 * DAY), 7);
    assert.equal(due(2 * DAY), 7);
    assert.equal(due(DAY), 1);
    assert.equal(due(1), 1);
    assert.equal(due(0), undefined);
  });

  it("do not come at the very beginning of a short life", () => {
    assert.equal(due(10 * DAY, 10 * DAY), undefined);
    assert.equal(due(6 * DAY, 10 * DAY), 7);
    assert.equal(due(HOUR, HOUR), undefined);
  });
});
