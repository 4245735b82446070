import { actorOf } from "../../../src/core/people/model.ts";
import { actOnSystem, giveSystemRole, putCredential } from "../../../src/core/systems/index.ts";
import type { Bench } from "../bench.ts";
import { type Area, at, get, type Request, spending, unique, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

/**
 * The scene's spare storage as a system: the stranger was made its guest, the member its user, the researcher a publisher, the
 * administrator one here too. And the one that the study delivers to: whoever administers the study is its guest.
 */
export const spare = (scene: Scene): string => `storage-${scene.spare}`;
const ROLES = { stranger: "guest", member: "user", researcher: "publisher", administrator: "administrator" } as const;
const ready = new WeakMap<Scene, Promise<void>>();

async function furnish({ world }: Bench, scene: Scene): Promise<void> {
  const owner = actorOf(scene.cast.owner.person);
  for (const [who, role] of Object.entries(ROLES))
    await giveSystemRole(world, owner, {
      name: spare(scene),
      username: scene.cast[who as keyof typeof ROLES].person.username,
      role,
    });
  const credential = { type: "PASSWORD", username: "u", password: scene.storagePassword, publicKey: "", privateKey: "" } as const;
  await putCredential(world, owner, { name: spare(scene), internal: "ada", credential });
}
const prepare: NonNullable<Request["prepare"]> = async (bench, scene) => {
  const made = ready.get(scene) ?? furnish(bench, scene);
  ready.set(scene, made);
  await made;
};
/** Published as well, by the superuser. */
const published = new WeakMap<Scene, Promise<unknown>>();
const publish: NonNullable<Request["prepare"]> = async (bench, scene) => {
  await prepare(bench, scene);
  const act = { name: spare(scene), action: "PUBLISH", newName: undefined } as const;
  const made = published.get(scene) ?? actOnSystem(bench.world, actorOf(scene.cast.superuser.person), act);
  published.set(scene, made);
  await made;
};
const restore: NonNullable<Request["prepare"]> = async (bench, scene) => {
  await prepare(bench, scene);
  const act = { name: spare(scene), action: "ENABLE", newName: undefined } as const;
  await actOnSystem(bench.world, actorOf(scene.cast.owner.person), act);
};

export const prepared = (request: Request): Request => ({ ...request, prepare });
const system =
  (rest = "") =>
  (scene: Scene): string =>
    `/systems/v2/${spare(scene)}${rest}`;
const role =
  (rest = "") =>
  (scene: Scene): string =>
    `/systems/v2/${spare(scene)}/roles${rest}`;
const other = (scene: Scene): string => role(`/${scene.other.person.username}`)(scene);

const auth = { type: "PASSWORD", username: "u", password: "changed-by-a-test" };
const description = (id?: string) => ({
  ...(id === undefined ? {} : { id }),
  name: "spare",
  type: "STORAGE",
  storage: { protocol: "WEBDAV", host: "http://127.0.0.1", port: 9, rootDir: "/dav", auth },
});
const act = (action: string) => at(system(), { action });
const credential = (rest: string): Readonly<Record<string, Request>> =>
  Object.fromEntries(
    (["GET", "POST", "DELETE"] as const).map(method => {
      const path = `/credentials${rest.replace(":internal", "ada").replace(":type", "storage")}`;
      const request = prepared(at(system(path), method === "POST" ? auth : undefined));
      return [`${method} /systems/v2/:system/credentials${rest}`, method === "DELETE" ? spending(request) : request];
    }),
  );

export const agaveSystems: Area = {
  table: `
                                                              nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /systems/v2                                             401    401     200     200   200  200   200     200         200        200   200
POST   /systems/v2                                             401    401     201     201   201  201   201     201         201        201   201
POST   /systems/v2                      (an id that is taken)  401    401     403     403   403  403   403     403         200        200   200
GET    /systems/v2/:system                                     401    401     200     404   404  404   200     200         200        200   200
GET    /systems/v2/:system              (of a study)           401    401     404     404   404  404   404     404         200        200   200
GET    /systems/v2/:system              (public)               401    401     200     200   200  200   200     200         200        200   200
GET    /systems/v2/:system              (not there)            401    401     404     404   404  404   404     404         404        404   404
POST   /systems/v2/:system                                     401    401     403     403   403  403   403     403         200        200   200
PUT    /systems/v2/:system              (default)              401    401     403     403   403  403   200     200         200        200   200
PUT    /systems/v2/:system              (disable)              401    401     403     403   403  403   403     403         200        200   200
PUT    /systems/v2/:system              (publish)              401    401     403     403   403  403   403     403         403        403   200
PUT    /systems/v2/:system              (copy)                 401    401     403     403   403  403   201     201         201        201   201
GET    /systems/v2/:system/history                             401    401     200     404   404  404   200     200         200        200   200
GET    /systems/v2/:system/roles                               401    401     200     404   404  404   200     200         200        200   200
POST   /systems/v2/:system/roles                               401    401     403     403   403  403   403     403         201        201   201
GET    /systems/v2/:system/roles/:username                     401    401     200     404   404  404   200     200         200        200   200
POST   /systems/v2/:system/roles/:username                     401    401     403     403   403  403   403     403         201        201   201
DELETE /systems/v2/:system/roles/:username                     401    401     403     403   403  403   403     403         200        200   200
DELETE /systems/v2/:system/roles                               401    401     403     403   403  403   403     403         200        200   200
GET    /systems/v2/:system/credentials                         401    401     403     404   404  404   403     403         403        200   200
POST   /systems/v2/:system/credentials                         401    401     403     403   403  403   403     403         403        201   201
GET    /systems/v2/:system/credentials/:internal               401    401     403     404   404  404   403     403         403        200   200
POST   /systems/v2/:system/credentials/:internal               401    401     403     403   403  403   403     403         403        201   201
GET    /systems/v2/:system/credentials/:internal/:type         401    401     403     404   404  404   403     403         403        200   200
POST   /systems/v2/:system/credentials/:internal/:type         401    401     403     403   403  403   403     403         403        201   201
DELETE /systems/v2/:system/credentials/:internal/:type         401    401     403     403   403  403   403     403         403        200   200
DELETE /systems/v2/:system/credentials/:internal               401    401     403     403   403  403   403     403         403        200   200
DELETE /systems/v2/:system/credentials                         401    401     403     403   403  403   403     403         403        200   200
DELETE /systems/v2/:system                                     401    401     403     403   403  403   403     403         403        200   200
`,
  requests: {
    "GET /systems/v2": get("/systems/v2"),
    "POST /systems/v2": withBody(
      () => "/systems/v2",
      () => description(unique()),
    ),
    "POST /systems/v2 (an id that is taken)": prepared(
      withBody(
        () => "/systems/v2",
        ({ scene }) => description(spare(scene)),
      ),
    ),
    "GET /systems/v2/:system": prepared(at(system())),
    "GET /systems/v2/:system (of a study)": at(scene => `/systems/v2/storage-${scene.storage}`),
    "GET /systems/v2/:system (public)": { ...spending(at(system()), "all"), prepare: publish },
    "GET /systems/v2/:system (not there)": get("/systems/v2/nothing-at-all"),
    "POST /systems/v2/:system": prepared(at(system(), description())),
    "PUT /systems/v2/:system (default)": prepared(act("SETDEFAULT")),
    "PUT /systems/v2/:system (disable)": { ...act("DISABLE"), prepare: restore },
    "PUT /systems/v2/:system (publish)": prepared(spending(act("PUBLISH"), "all")),
    "PUT /systems/v2/:system (copy)": prepared(withBody(system(), () => ({ action: "CLONE", id: unique() }))),
    "GET /systems/v2/:system/history": prepared(at(system("/history"))),
    "GET /systems/v2/:system/roles": prepared(at(role())),
    "POST /systems/v2/:system/roles": prepared(
      withBody(role(), ({ scene }) => ({ username: scene.other.person.username, role: "USER" })),
    ),
    "GET /systems/v2/:system/roles/:username": prepared(at(scene => role(`/${scene.cast.member.person.username}`)(scene))),
    "POST /systems/v2/:system/roles/:username": prepared(at(other, { role: "USER" })),
    "DELETE /systems/v2/:system/roles/:username": prepared(at(other)),
    "DELETE /systems/v2/:system/roles": prepared(spending(at(role()))),
    ...credential(""),
    ...credential("/:internal"),
    ...credential("/:internal/:type"),
    "DELETE /systems/v2/:system": prepared(spending(at(system()))),
  },
};
