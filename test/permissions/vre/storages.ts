import { type Area, at, get, spending, unique, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

const study = (scene: Scene, rest = ""): string => `/api/v1/studies/${scene.study.id}/${rest}`;
const storage = (scene: Scene, rest = ""): string => `/api/v1/storages/${scene.storage}/${rest}`;
const storageWrite = { name: "Drive", engine: "WEBDAV", location: "http://127.0.0.1:9/dav/", username: "u", password: "pw" };
const folderWrite = { name: "Folder", engine: "FOLDER", location: "/srv/havre", username: "", password: "" };
const place = (scene: Scene): string => study(scene, `storages/${scene.location}/`);

/** Storages, and where in them a study's drops go. */
export const storages: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/storages/                                      401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/storages/                                      401    401     201     201   201  201   201     201         201        201   201
POST   /api/v1/storages/ (a folder of the server)             401    401     400     400   400  201   400     400         400        400   201
GET    /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         200        200   200
PUT    /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         403        200   200
DELETE /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         404        204   204
DELETE /api/v1/storages/:id/ (in use)                         401    401     404     404   404  404   404     404         403        409   409
DELETE /api/v1/storages/:id/host-key/                         401    401     404     404   404  404   404     404         403        204   204
POST   /api/v1/storages/:id/test/                             401    401     404     404   404  404   404     404         200        200   200
GET    /api/v1/studies/:id/storages/                          401    401     404     404   404  404   403     403         200        200   200
POST   /api/v1/studies/:id/storages/                          401    401     404     404   404  404   403     403         403        201   201
POST   /api/v1/studies/:id/storages/ (unseen storage)         401    401     404     404   404  404   403     403         400        201   201
GET    /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         200        200   200
PUT    /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         200        200   200
DELETE /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         204        204   204
`,
  requests: {
    "GET /api/v1/storages/": get("/api/v1/storages/?page_size=1000"),
    "POST /api/v1/storages/": at(() => "/api/v1/storages/", storageWrite),
    "POST /api/v1/storages/ (a folder of the server)": at(() => "/api/v1/storages/", folderWrite),
    "GET /api/v1/storages/:id/": at(storage),
    "PUT /api/v1/storages/:id/": at(storage, { ...storageWrite, password: "" }),
    "DELETE /api/v1/storages/:id/": spending(at(scene => `/api/v1/storages/${scene.spare}/`)),
    "DELETE /api/v1/storages/:id/ (in use)": at(storage),
    "DELETE /api/v1/storages/:id/host-key/": at(scene => storage(scene, "host-key/")),
    "POST /api/v1/storages/:id/test/": at(scene => storage(scene, "test/"), {}),
    "GET /api/v1/studies/:id/storages/": at(scene => study(scene, "storages/")),
    "POST /api/v1/studies/:id/storages/": withBody(
      scene => study(scene, "storages/"),
      ({ scene }) => ({ storage: scene.storage, path: unique() }),
    ),
    "POST /api/v1/studies/:id/storages/ (unseen storage)": withBody(
      scene => study(scene, "storages/"),
      ({ scene }) => ({ storage: scene.spare, path: unique() }),
    ),
    "GET /api/v1/studies/:id/storages/:location/": at(place),
    "PUT /api/v1/studies/:id/storages/:location/": withBody(place, ({ scene }) => ({ storage: scene.storage, path: "moved" })),
    "DELETE /api/v1/studies/:id/storages/:location/": spending(at(place)),
  },
};
