import { type Area, at, get, spending, unique, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

const pending =
  (rest = "") =>
  (scene: Scene): string =>
    `/api/v1/tasks/${scene.tasks.pending}/${rest}`;
const created =
  (rest = "") =>
  (scene: Scene): string =>
    `/api/v1/tasks/${scene.tasks.created}/${rest}`;
const over =
  (rest = "") =>
  (scene: Scene): string =>
    `/api/v1/tasks/${scene.tasks.over}/${rest}`;
const taskWrite = { name: "hello", image: "host", script: "echo hello" };

/** Tasks are their submitter's: the owner's, here. */
export const tasks: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/tasks/                                         401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/tasks/                                         401    401     201     201   201  201   201     201         201        201   201
POST   /api/v1/tasks/ (in the study)                          401    401     403     403   403  403   201     201         201        201   201
GET    /api/v1/tasks/:id/                                     401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/tasks/:id/elements/                            401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/tasks/:id/why/                                 401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/tasks/:id/log/                                 401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/tasks/:id/usage/                               401    401     404     404   404  404   404     404         404        404   404
GET    /api/v1/tasks/:id/files/                               401    401     404     404   404  404   404     404         404        200   200
GET    /api/v1/tasks/:id/file/                                401    401     404     404   404  404   404     404         404        404   404
POST   /api/v1/tasks/:id/release/                             401    401     404     404   404  404   404     404         404        200   200
POST   /api/v1/tasks/:id/suspend/                             401    401     404     404   404  404   404     404         404        200   200
POST   /api/v1/tasks/:id/resume/                              401    401     404     404   404  404   404     404         404        200   200
POST   /api/v1/tasks/:id/reschedule/                          401    401     404     404   404  404   404     404         404        409   409
POST   /api/v1/tasks/:id/share/                               401    401     404     404   404  404   404     404         404        200   200
DELETE /api/v1/tasks/:id/share/                               401    401     404     404   404  404   404     404         404        204   204
POST   /api/v1/tasks/:id/archive/ (not over)                  401    401     404     404   404  404   404     404         404        409   409
POST   /api/v1/tasks/:id/archive/                             401    401     404     404   404  404   404     404         404        200   200
DELETE /api/v1/tasks/:id/                                     401    401     404     404   404  404   404     404         404        204   204
POST   /api/v1/tasks/:id/kill/                                401    401     404     404   404  404   404     404         404        200   200

GET    /api/v1/recipes/                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/recipes/                                       401    401     404     404   404  404   404     404         404        201   201
DELETE /api/v1/recipes/:name/                                 401    401     403     403   403  403   403     403         403        204   204
GET    /api/v1/compute/                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/compute/maintenance/                           401    401     403     403   403  403   403     403         403        403   200
GET    /api/v1/compute/account/                               401    401     200     200   200  200   200     200         200        200   200
PUT    /api/v1/compute/account/                               401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/compute/account/key/                           401    401     200     200   200  200   200     200         200        200   200
`,
  requests: {
    "GET /api/v1/tasks/": get("/api/v1/tasks/?everybody=1"),
    "POST /api/v1/tasks/": at(() => "/api/v1/tasks/", taskWrite),
    "POST /api/v1/tasks/ (in the study)": withBody(
      () => "/api/v1/tasks/",
      ({ scene }) => ({ ...taskWrite, project: scene.tasks.project }),
    ),
    "GET /api/v1/tasks/:id/": at(pending()),
    "GET /api/v1/tasks/:id/elements/": at(pending("elements/")),
    "GET /api/v1/tasks/:id/why/": at(pending("why/")),
    "GET /api/v1/tasks/:id/log/": at(pending("log/")),
    "GET /api/v1/tasks/:id/usage/": at(pending("usage/")),
    "GET /api/v1/tasks/:id/files/": at(pending("files/")),
    "GET /api/v1/tasks/:id/file/": at(pending("file/?path=god.log")),
    "POST /api/v1/tasks/:id/release/": at(created("release/")),
    "POST /api/v1/tasks/:id/suspend/": at(pending("suspend/")),
    "POST /api/v1/tasks/:id/resume/": at(pending("resume/")),
    "POST /api/v1/tasks/:id/reschedule/": at(pending("reschedule/")),
    "POST /api/v1/tasks/:id/share/": at(pending("share/")),
    "DELETE /api/v1/tasks/:id/share/": at(pending("share/")),
    "POST /api/v1/tasks/:id/archive/ (not over)": at(pending("archive/")),
    "POST /api/v1/tasks/:id/archive/": at(over("archive/")),
    "DELETE /api/v1/tasks/:id/": spending(at(over())),
    "POST /api/v1/tasks/:id/kill/": at(pending("kill/")),

    "GET /api/v1/recipes/": get("/api/v1/recipes/"),
    "POST /api/v1/recipes/": withBody(
      () => "/api/v1/recipes/",
      ({ scene }) => ({ name: unique(), task: scene.tasks.pending }),
    ),
    "DELETE /api/v1/recipes/:name/": spending(at(scene => `/api/v1/recipes/${scene.tasks.recipe}/`)),
    "GET /api/v1/compute/": get("/api/v1/compute/"),
    "POST /api/v1/compute/maintenance/": at(() => "/api/v1/compute/maintenance/", { on: false }),
    "GET /api/v1/compute/account/": get("/api/v1/compute/account/"),
    "PUT /api/v1/compute/account/": at(() => "/api/v1/compute/account/", { public_key: "ssh-ed25519 A" }),
    "POST /api/v1/compute/account/key/": at(() => "/api/v1/compute/account/key/"),
  },
};
