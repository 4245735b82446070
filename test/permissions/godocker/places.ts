import { actorOf } from "../../../src/core/people/model.ts";
import { ownKey } from "../../../src/core/tasks/index.ts";
import { type Area, at, get, spending, unique, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

const API = "/api/1.0";
const user =
  (rest = "") =>
  (scene: Scene): string =>
    `${API}/user/${scene.cast.owner.person.username}${rest}`;
const project =
  (rest = "") =>
  (scene: Scene): string =>
    `${API}/project/${scene.tasks.project}${rest}`;
const recipe = (scene: Scene): string => `${API}/marketplace/recipe/${scene.tasks.recipe}`;
const appToken =
  (rest = "") =>
  (scene: Scene): string =>
    `${API}/app/token/${scene.tasks.appToken}${rest}`;
const otherUser = (scene: Scene): string => `${API}/user/${scene.other.person.username}`;

/** Users, projects, recipes, places: users see themselves, owners their projects, members its use. */
export const godockerPlaces: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
POST   /api/1.0/authenticate                                  401    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/ping                                          200    200     200     200   200  200   200     200         200        200   200
GET    /api/1.0/config                                        200    200     200     200   200  200   200     200         200        200   200
GET    /api/1.0/usage                                         200    200     200     200   200  200   200     200         200        200   200
GET    /api/1.0/image                                         200    200     200     200   200  200   200     200         200        200   200
GET    /api/1.0/image/*                                       200    200     200     200   200  200   200     200         200        200   200
GET    /admin/maintenance                                     401    401     403     403   403  403   403     403         403        403   200
POST   /admin/maintenance/:node/:status                       401    401     403     403   403  403   403     403         403        403   200
POST   /api/1.0/prometheus                                    403    403     403     403   403  403   403     403         403        403   403
GET    /api/1.0/app/token                                     401    401     200     200   200  200   200     200         200        200   200
POST   /api/1.0/app/token                                     401    401     200     200   200  200   200     200         200        200   200
DELETE /api/1.0/app/token/:app_token                          401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/app/token/:app_token/user                     401    401     401     401   401  401   401     401         401        401   401

GET    /api/1.0/project                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/1.0/project                                       401    401     403     403   403  403   403     403         403        403   200
GET    /api/1.0/project/:project                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/project/:project (not there)                  401    401     404     404   404  404   404     404         404        404   404
POST   /api/1.0/project/:project                              401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/project/:project/quota                        401    401     403     403   403  403   403     403         403        403   200
GET    /api/1.0/project/:project/usage                        401    401     403     403   403  403   200     200         200        200   200
GET    /api/1.0/project/:id/billing/:year/:month              401    401     403     403   403  403   403     403         403        200   200

GET    /api/1.0/user                                          401    401     403     403   403  403   403     403         403        403   200
GET    /api/1.0/user/:user                                    401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:user (not there)                        401    401     403     403   403  403   403     403         403        403   404
PUT    /api/1.0/user/:user                                    401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/user/:user/apikey                             401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:user/project                            401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:user/usage                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:id/billing/:year/:month                 401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:user/files                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/user/:user/files/*                            401    401     403     403   403  403   403     403         403        404   404
POST   /api/1.0/guest/status                                  401    401     403     403   403  403   403     403         403        403   403
DELETE /api/1.0/user/:user                                    401    401     403     403   403  403   403     403         403        403   200

GET    /api/1.0/marketplace/recipe                            200    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/marketplace/recipe/:recipe                    401    401     403     403   403  403   403     403         403        200   200
POST   /api/1.0/marketplace/recipe/:recipe                    401    401     403     403   403  403   403     403         403        200   200
PUT    /api/1.0/marketplace/recipe/:recipe                    401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/marketplace/recipe/:recipe                    401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/user/:user/task                               401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/project/:project                              401    401     403     403   403  403   403     403         403        403   200
`,
  requests: {
    "POST /api/1.0/authenticate": {
      async ask({ bench, self }) {
        if (!self) return { path: `${API}/authenticate`, body: { user: "nobody-at-all", apikey: "x" } };
        const { key } = await ownKey(bench.world, actorOf(self.person));
        return { path: `${API}/authenticate`, body: { user: self.person.username, apikey: key } };
      },
    },
    "GET /api/1.0/ping": get(`${API}/ping`),
    "GET /api/1.0/config": get(`${API}/config`),
    "GET /api/1.0/usage": get(`${API}/usage`),
    "GET /api/1.0/image": get(`${API}/image`),
    "GET /api/1.0/image/*": get(`${API}/image/a/b:1`),
    "GET /admin/maintenance": get("/admin/maintenance"),
    "POST /admin/maintenance/:node/:status": get("/admin/maintenance/node1/on"),
    "POST /api/1.0/prometheus": at(() => `${API}/prometheus`, { key: "x", stat: [] }),
    "GET /api/1.0/app/token": get(`${API}/app/token`),
    "POST /api/1.0/app/token": at(() => `${API}/app/token`, { name: "x" }),
    "DELETE /api/1.0/app/token/:app_token": spending(at(appToken())),
    "GET /api/1.0/app/token/:app_token/user": at(appToken("/user")),

    "GET /api/1.0/project": get(`${API}/project`),
    "POST /api/1.0/project": withBody(
      () => `${API}/project`,
      () => ({ id: unique() }),
    ),
    "GET /api/1.0/project/:project": at(project()),
    "GET /api/1.0/project/:project (not there)": get(`${API}/project/nothing-at-all`),
    "POST /api/1.0/project/:project": at(project(), { description: "new" }),
    "DELETE /api/1.0/project/:project/quota": at(project("/quota")),
    "GET /api/1.0/project/:project/usage": at(project("/usage")),
    "GET /api/1.0/project/:id/billing/:year/:month": at(project("/billing/2026/3")),

    "GET /api/1.0/user": get(`${API}/user`),
    "GET /api/1.0/user/:user": at(user()),
    "GET /api/1.0/user/:user (not there)": get(`${API}/user/nobody-at-all`),
    "PUT /api/1.0/user/:user": at(user(), { credentials: { public: "ssh-ed25519 A" } }),
    "DELETE /api/1.0/user/:user/apikey": at(user("/apikey")),
    "GET /api/1.0/user/:user/project": at(user("/project")),
    "GET /api/1.0/user/:user/usage": at(user("/usage")),
    "GET /api/1.0/user/:id/billing/:year/:month": at(user("/billing/2026/3")),
    "GET /api/1.0/user/:user/files": at(user("/files")),
    "GET /api/1.0/user/:user/files/*": at(user("/files/nothing.txt")),
    "POST /api/1.0/guest/status": withBody(
      () => `${API}/guest/status`,
      ({ scene }) => ({ id: scene.other.person.username, guest_status: true }),
    ),
    "DELETE /api/1.0/user/:user": spending(at(otherUser)),

    "GET /api/1.0/marketplace/recipe": get(`${API}/marketplace/recipe`),
    "GET /api/1.0/marketplace/recipe/:recipe": at(recipe),
    "POST /api/1.0/marketplace/recipe/:recipe": {
      ask: ({ scene }) => ({
        path: `${API}/marketplace/recipe/${unique()}`,
        body: { description: "d", task: scene.tasks.pending },
      }),
    },
    "PUT /api/1.0/marketplace/recipe/:recipe": at(recipe, { description: "new" }),
    "DELETE /api/1.0/marketplace/recipe/:recipe": spending(at(recipe)),
    "DELETE /api/1.0/user/:user/task": spending(at(user("/task"))),
    "DELETE /api/1.0/project/:project": spending(at(project())),
  },
};
