import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { actorOf } from "../../../src/core/people/model.ts";
import { addLocation, createStorage } from "../../../src/core/storages/index.ts";
import { transfers } from "../../../src/store/transfers.ts";
import type { Bench } from "../bench.ts";
import { type Area, get, type Request, spending, unique } from "../request.ts";
import type { Scene } from "../scene.ts";

/**
 * A storage of the owner's on the server's disk. The study delivers to its folder "study"; the private one beside it is nobody's but the
 * owner's.
 */
interface Drive {
  readonly id: number;
  readonly folder: string;
  readonly transfer: number;
}

const drives = new WeakMap<Scene, Promise<Drive>>();
const known = new WeakMap<Scene, Drive>();

async function make({ world, havre }: Bench, scene: Scene): Promise<Drive> {
  const folder = join(havre.dataDir, "storages", unique());
  for (const name of ["study", "private"]) mkdirSync(join(folder, name), { recursive: true });
  const owner = actorOf(scene.cast.owner.person);
  const write = { name: unique(), engine: "FOLDER", address: folder, username: "", password: "" };
  const { id } = await createStorage(world, actorOf(scene.cast.superuser.person), write);
  await world.store.db.updateTable("storage").set({ owner_id: owner.id }).where("id", "=", id).execute();
  const input = { storage: id, direction: "DESTINATION", path: "study", uploadPath: "" };
  await addLocation(world, owner, { study: scene.study.id, input });
  const source = { storageId: id, path: "study/f" };
  const kept = { source, storageId: id, path: "private/g", ifExists: "refuse", studyId: undefined } as const;
  const { id: transfer } = await transfers(world.store.db).insert({ ...kept, kind: "copy", personId: owner.id });
  return { id, folder, transfer };
}

async function prepare(bench: Bench, scene: Scene): Promise<void> {
  if (!drives.has(scene)) drives.set(scene, make(bench, scene));
  const drive = await drives.get(scene);
  if (!drive) return;
  known.set(scene, drive);
  // Whatever an earlier line did to them: they are there.
  for (const name of ["study/f", "private/f"]) writeFileSync(join(drive.folder, name), "text");
}

const driveOf = (scene: Scene): Drive => {
  const drive = known.get(scene);
  if (!drive) throw new Error("The drive is not there.");
  return drive;
};

/** @param rest behind the files of the drive; `*` becomes a name of its own */
const on = (rest: string, body?: (name: string) => unknown, more: Partial<Request> = {}): Request => ({
  prepare,
  ask: ({ scene }) => {
    const name = unique();
    const path = `/api/v1/storages/${driveOf(scene).id}/files/${rest.replace("*", name)}`;
    return { path, ...(body === undefined ? {} : { body: body(name) }) };
  },
  ...more,
});
/** What somebody reads of a file is an event. */
const READS = { isNoted: true } as const;

/** Files of a storage that is the owner's, seen from a folder that a study delivers to. */
export const files: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/files/                                         401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/storages/:id/files/                            401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/ (of the study)             401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/ (private)                  401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/storages/:id/files/entry/                      401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/entry/ (private)            401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/storages/:id/files/content/                    401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/content/ (private)          401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/storages/:id/files/zip/                        401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/zip/ (private)              401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/storages/:id/files/history/                    401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/history/ (private)          401    401     404     404   404  404   404     404         404        200   200
PUT    /api/v1/storages/:id/files/content/                    401    401     404     404   404  404   404     403         201        201   201
PUT    /api/v1/storages/:id/files/content/ (private)          401    401     404     404   404  404   404     404         404        201   201
PUT    /api/v1/storages/:id/files/content/ (replaces)         401    401     404     404   404  404   404     403         200        200   200
POST   /api/v1/storages/:id/files/folders/                    401    401     404     404   404  404   404     403         201        201   201
POST   /api/v1/storages/:id/files/folders/ (private)          401    401     404     404   404  404   404     404         404        201   201
POST   /api/v1/storages/:id/files/rename/                     401    401     404     404   404  404   404     403         200        200   200
POST   /api/v1/storages/:id/files/rename/ (private)           401    401     404     404   404  404   404     404         404        200   200
POST   /api/v1/storages/:id/files/move/                       401    401     404     404   404  404   404     403         200        200   200
POST   /api/v1/storages/:id/files/move/ (into private)        401    401     404     404   404  404   404     403         404        200   200
POST   /api/v1/storages/:id/files/copy/                       401    401     404     404   404  404   404     403         201        201   201
POST   /api/v1/storages/:id/files/copy/ (from private)        401    401     404     404   404  404   404     404         404        201   201
DELETE /api/v1/storages/:id/files/                            401    401     404     404   404  404   404     403         204        204   204
DELETE /api/v1/storages/:id/files/ (private)                  401    401     404     404   404  404   404     404         404        204   204
GET    /api/v1/storages/:id/files/permissions/                401    401     404     404   404  404   404     200         200        200   200
GET    /api/v1/storages/:id/files/permissions/ (private)      401    401     404     404   404  404   404     404         404        200   200
PUT    /api/v1/storages/:id/files/permissions/                401    401     404     404   404  404   404     403         200        200   200
PUT    /api/v1/storages/:id/files/permissions/ (private)      401    401     404     404   404  404   404     404         404        200   200
DELETE /api/v1/storages/:id/files/permissions/                401    401     404     404   404  404   404     403         204        204   204
POST   /api/v1/storages/:id/files/import/                     401    401     404     404   404  404   404     403         202        202   202
POST   /api/v1/storages/:id/files/import/ (private)           401    401     404     404   404  404   404     404         404        202   202
POST   /api/v1/transfers/                                     401    401     404     404   404  404   404     403         202        202   202
POST   /api/v1/transfers/ (from private)                      401    401     404     404   404  404   404     404         404        202   202
GET    /api/v1/transfers/                                     401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/transfers/:id/                                 401    401     404     404   404  404   404     404         404        200   200
POST   /api/v1/transfers/:id/stop/                            401    401     404     404   404  404   404     404         404        200   200
`,
  requests: {
    "GET /api/v1/files/": get("/api/v1/files/?page_size=1000"),
    "GET /api/v1/storages/:id/files/": on(""),
    "GET /api/v1/storages/:id/files/ (of the study)": on("?path=study"),
    "GET /api/v1/storages/:id/files/ (private)": on("?path=private"),
    "GET /api/v1/storages/:id/files/entry/": on("entry/?path=study/f"),
    "GET /api/v1/storages/:id/files/entry/ (private)": on("entry/?path=private/f"),
    "GET /api/v1/storages/:id/files/content/": on("content/?path=study/f", undefined, READS),
    "GET /api/v1/storages/:id/files/content/ (private)": on("content/?path=private/f", undefined, READS),
    "GET /api/v1/storages/:id/files/zip/": on("zip/?path=study", undefined, READS),
    "GET /api/v1/storages/:id/files/zip/ (private)": on("zip/?path=private", undefined, READS),
    "GET /api/v1/storages/:id/files/history/": on("history/?path=study/f"),
    "GET /api/v1/storages/:id/files/history/ (private)": on("history/?path=private/f"),
    "PUT /api/v1/storages/:id/files/content/": on("content/?path=study/*", () => "text"),
    "PUT /api/v1/storages/:id/files/content/ (private)": on("content/?path=private/*", () => "text"),
    "PUT /api/v1/storages/:id/files/content/ (replaces)": on("content/?path=study/f&if_exists=replace", () => "text"),
    "POST /api/v1/storages/:id/files/folders/": on("folders/", name => ({ path: `study/${name}` })),
    "POST /api/v1/storages/:id/files/folders/ (private)": on("folders/", name => ({ path: `private/${name}` })),
    "POST /api/v1/storages/:id/files/rename/": on("rename/", name => ({ path: "study/f", name })),
    "POST /api/v1/storages/:id/files/rename/ (private)": on("rename/", name => ({ path: "private/f", name })),
    "POST /api/v1/storages/:id/files/move/": on("move/", name => ({ from: "study/f", to: `study/${name}` })),
    "POST /api/v1/storages/:id/files/move/ (into private)": on("move/", name => ({ from: "study/f", to: `private/${name}` })),
    "POST /api/v1/storages/:id/files/copy/": on("copy/", name => ({ from: "study/f", to: `study/${name}` })),
    "POST /api/v1/storages/:id/files/copy/ (from private)": on("copy/", name => ({ from: "private/f", to: `study/${name}` })),
    "DELETE /api/v1/storages/:id/files/": on("?path=study/f"),
    "DELETE /api/v1/storages/:id/files/ (private)": on("?path=private/f"),
    "GET /api/v1/storages/:id/files/permissions/": on("permissions/?path=study/f"),
    "GET /api/v1/storages/:id/files/permissions/ (private)": on("permissions/?path=private/f"),
    "PUT /api/v1/storages/:id/files/permissions/": on("permissions/", () => share("study/f")),
    "PUT /api/v1/storages/:id/files/permissions/ (private)": on("permissions/", () => share("private/f")),
    "DELETE /api/v1/storages/:id/files/permissions/": on("permissions/?path=study/f"),
    "POST /api/v1/storages/:id/files/import/": on("import/", name => ({ url: "https://example.org/f", path: `study/${name}` })),
    "POST /api/v1/storages/:id/files/import/ (private)": on("import/", name => ({
      url: "https://example.org/f",
      path: `private/${name}`,
    })),
    "POST /api/v1/transfers/": transferring("study/f", "study"),
    "POST /api/v1/transfers/ (from private)": transferring("private/f", "study"),
    "GET /api/v1/transfers/": get("/api/v1/transfers/?page_size=1000"),
    "GET /api/v1/transfers/:id/": { prepare, ask: ({ scene }) => ({ path: `/api/v1/transfers/${driveOf(scene).transfer}/` }) },
    "POST /api/v1/transfers/:id/stop/": spending({
      prepare,
      ask: ({ scene }) => ({ path: `/api/v1/transfers/${driveOf(scene).transfer}/stop/` }),
    }),
  },
};

/** Nobody's: nothing is opened by it. */
function share(path: string) {
  return { path, who: "*", read: false, write: false };
}

function transferring(from: string, folder: string): Request {
  return {
    prepare,
    ask: ({ scene }) => {
      const { id } = driveOf(scene);
      const body = { from_storage: id, from, to_storage: id, to: `${folder}/${unique()}` };
      return { path: "/api/v1/transfers/", body };
    },
  };
}
