import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { watchStudy } from "../../src/core/events/index.ts";
import { actorOf } from "../../src/core/people/model.ts";
import { until } from "../harness/havre.ts";
import { type Bench, openBench } from "../permissions/bench.ts";
import { type ActorName, aScene, type Scene } from "../permissions/scene.ts";

const MINUTE_MS = 60_000;

describe("who reads of a study about people", () => {
  let bench: Bench;
  let scene: Scene;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench?.close());
  beforeEach(async () => {
    scene = await aScene(bench);
    await aboutPeople(true);
  });

  const db = () => bench.world.store.db;
  const aboutPeople = (is: boolean) =>
    db().updateTable("study").set({ human_subject: is }).where("id", "=", scene.study.id).execute();
  const get = async (as: ActorName, path: string): Promise<number> => {
    const token = as === "nobody" ? {} : { authorization: `Token ${scene.cast[as].token}` };
    return (await bench.ask({ method: "GET", path, headers: token })).status;
  };
  const readings = async (): Promise<unknown[]> => {
    const rows = await db()
      .selectFrom("event")
      .select(["actor", "data", "object_kind", "object_id"])
      .where("study_id", "=", scene.study.id)
      .where("verb", "=", "study.read")
      .orderBy("id")
      .execute();
    assert.ok(rows.every(row => row.object_kind === "study" && row.object_id === String(scene.study.id)));
    return rows.map(({ actor, data }) => [actor, data]);
  };
  const named = (as: Exclude<ActorName, "nobody">): string => `person:${scene.cast[as].person.id}`;
  const study = (): string => `/api/v1/studies/${scene.study.id}/`;

  it("is noted, with the part they were shown", async () => {
    const { drop, invitation } = scene;
    for (const path of [
      study(),
      `/api/v1/dropoffs/?study=${scene.study.id}`,
      `/api/v1/dropoffs/${drop.id}/`,
      `/api/v1/invitations/?study=${scene.study.id}`,
      `/api/v1/invitations/${invitation.id}/`,
    ])
      assert.equal(await get("member", path), 200, path);
    const parts = [{ part: "study" }, { part: "drops" }, { part: "drop", id: drop.id }];
    const more = [{ part: "invitations" }, { part: "invitation", id: invitation.id }];
    assert.deepEqual(
      await readings(),
      [...parts, ...more].map(part => [named("member"), part]),
    );
  });

  it("is noted of lists over all studies, of a superuser too", async () => {
    assert.equal(await get("superuser", "/api/v1/dropoffs/"), 200);
    assert.equal(await get("owner", "/api/v1/invitations/"), 200);
    assert.deepEqual(await readings(), [
      [named("superuser"), { part: "drops" }],
      [named("owner"), { part: "invitations" }],
    ]);
  });

  it("is noted once an hour for each person and part", async () => {
    for (const as of ["member", "member", "owner", "member"] as const) assert.equal(await get(as, study()), 200);
    assert.deepEqual(await readings(), [
      [named("member"), { part: "study" }],
      [named("owner"), { part: "study" }],
    ]);
    for (const [minutes, times] of [
      [59, 2],
      [61, 3],
    ] as const) {
      await db()
        .updateTable("event")
        .set({ at: new Date(Date.now() - minutes * MINUTE_MS) })
        .where("study_id", "=", scene.study.id)
        .execute();
      assert.equal(await get("member", study()), 200);
      assert.equal((await readings()).length, times, `after ${minutes} minutes`);
    }
  });

  it("is not noted when nothing was shown, of lists of studies, or of a study about no people", async () => {
    for (const as of ["nobody", "stranger", "former"] as const) assert.ok((await get(as, study())) >= 401);
    assert.equal(await get("member", "/api/v1/studies/"), 200);
    await aboutPeople(false);
    for (const path of [study(), `/api/v1/dropoffs/${scene.drop.id}/`, "/api/v1/invitations/"])
      assert.equal(await get("member", path), 200);
    assert.deepEqual(await readings(), []);
  });

  it("is told to no page that waits for changes", async () => {
    const owner = scene.cast.owner;
    const heard: string[] = [];
    const watch = await watchStudy(bench.world, actorOf(owner.person), scene.study.id);
    const stop = await watch.subscribe(({ verb }) => heard.push(verb));
    assert.equal(await get("member", study()), 200);
    const changed = { code: "R-1", name: "Read", human_subject: false, field: scene.field };
    const headers = { authorization: `Token ${owner.token}` };
    assert.equal((await bench.ask({ method: "PUT", path: study(), headers, body: changed })).status, 200);
    await until(async () => heard.length > 0, "the change is heard");
    assert.deepEqual(heard, ["study.changed"]);
    await stop();
  });
});
