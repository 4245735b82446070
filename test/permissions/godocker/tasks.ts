import { taskWith } from "../../godocker/client.ts";
import { type Area, at, get, type Request, spending } from "../request.ts";
import type { Scene } from "../scene.ts";

const API = "/api/1.0";
const pending = (rest = "") => at(scene => `${API}/task/${scene.tasks.pending}${rest}`);
const over = (rest = "") => at(scene => `${API}/task/${scene.tasks.over}${rest}`);
/** Old clients change things by GET. */
const changing = (request: Request): Request => ({ ...request, isNoted: true });
const missing = (rest: string) => get(`${API}/task/999999999${rest}`);
const keyed = (key: string, request: Area["requests"][string]) => [key, request] as const;

/** Tasks are their submitter's: the owner's, here. What is another's is 403, and what is not there 404, as the contract has it. */
export const godockerTasks: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
POST   /api/1.0/task                                          401    401     200     200   200  200   200     200         200        200   200
POST   /api/1.0/task (in the study)                           401    401     403     403   403  403   200     200         200        200   200
GET    /api/1.0/task/active                                   401    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/task/active/all                               401    401     403     403   403  403   403     403         403        403   200
GET    /api/1.0/task/over                                     401    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/task/over/all                                 401    401     403     403   403  403   403     403         403        403   200
POST   /api/1.0/task/over/all/:skip/:limit                    401    401     403     403   403  403   403     403         403        403   200
POST   /api/1.0/task/over/:skip/:limit                        401    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/task/status/:status/count                     200    200     200     200   200  200   200     200         200        200   200
GET    /api/1.0/task/:task                                    401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task (not there)                        401    401     404     404   404  404   404     404         404        404   404
GET    /api/1.0/task/:task (wrong share token)                403    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/status                             401    401     403     403   403  403   403     403         403        200   200
PUT    /api/1.0/task/:task                                    401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/pending                            401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/suspend                            401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/resume                             401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/reschedule                         401    401     403     403   403  403   403     403         403        403   403
GET    /api/1.0/task/:task/monitor                            401    401     403     403   403  403   403     403         403        404   404
GET    /api/1.0/task/:task/share                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/unshare                            401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/token                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/files                              401    401     403     403   403  403   403     403         403        200   200
GET    /api/1.0/task/:task/files/*                            401    401     403     403   403  403   403     403         403        404   404
GET    /api/1.0/task/:task/share/:token/files                 403    403     403     403   403  403   403     403         403        403   403
GET    /api/1.0/task/:task/share/:token/files/*               403    403     403     403   403  403   403     403         403        403   403
GET    /api/1.0/archive/:days                                 401    401     200     200   200  200   200     200         200        200   200
DELETE /api/1.0/archive/:days                                 401    401     200     200   200  200   200     200         200        200   200
GET    /api/1.0/task/:task/archive (not over)                 401    401     403     403   403  403   403     403         403        403   403
GET    /api/1.0/task/:task/archive                            401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/task/:task/archive                            401    401     403     403   403  403   403     403         403        200   200
DELETE /api/1.0/task/:task                                    401    401     403     403   403  403   403     403         403        200   200
`,
  requests: Object.fromEntries([
    keyed(
      "POST /api/1.0/task",
      at(() => `${API}/task`, taskWith({})),
    ),
    keyed("POST /api/1.0/task (in the study)", {
      ask: ({ scene }: { scene: Scene }) => ({ path: `${API}/task`, body: taskWith({ user: { project: scene.tasks.project } }) }),
    }),
    keyed("GET /api/1.0/task/active", get(`${API}/task/active`)),
    keyed("GET /api/1.0/task/active/all", get(`${API}/task/active/all`)),
    keyed("GET /api/1.0/task/over", get(`${API}/task/over`)),
    keyed("GET /api/1.0/task/over/all", get(`${API}/task/over/all`)),
    keyed("POST /api/1.0/task/over/all/:skip/:limit", get(`${API}/task/over/all/0/10`)),
    keyed("POST /api/1.0/task/over/:skip/:limit", get(`${API}/task/over/0/10`)),
    keyed("GET /api/1.0/task/status/:status/count", get(`${API}/task/status/all/count`)),
    keyed("GET /api/1.0/task/:task", pending()),
    keyed("GET /api/1.0/task/:task (not there)", missing("")),
    keyed("GET /api/1.0/task/:task (wrong share token)", pending("?share=wrong")),
    keyed("GET /api/1.0/task/:task/status", pending("/status")),
    keyed(
      "PUT /api/1.0/task/:task",
      at(scene => `${API}/task/${scene.tasks.pending}`, { name: "maxlifespan", value: "6d" }),
    ),
    keyed("GET /api/1.0/task/:task/pending", changing(at(scene => `${API}/task/${scene.tasks.created}/pending`))),
    keyed("GET /api/1.0/task/:task/suspend", changing(pending("/suspend"))),
    keyed("GET /api/1.0/task/:task/resume", changing(pending("/resume"))),
    keyed("GET /api/1.0/task/:task/reschedule", pending("/reschedule")),
    keyed("GET /api/1.0/task/:task/monitor", pending("/monitor")),
    keyed("GET /api/1.0/task/:task/share", changing(pending("/share"))),
    keyed("GET /api/1.0/task/:task/unshare", changing(pending("/unshare"))),
    keyed("GET /api/1.0/task/:task/token", pending("/token")),
    keyed("GET /api/1.0/task/:task/files", over("/files")),
    keyed("GET /api/1.0/task/:task/files/*", over("/files/god.log")),
    keyed("GET /api/1.0/task/:task/share/:token/files", over("/share/wrong/files")),
    keyed("GET /api/1.0/task/:task/share/:token/files/*", over("/share/wrong/files/god.log")),
    keyed("GET /api/1.0/archive/:days", get(`${API}/archive/1`)),
    keyed("DELETE /api/1.0/archive/:days", get(`${API}/archive/1`)),
    keyed("GET /api/1.0/task/:task/archive (not over)", pending("/archive")),
    keyed("GET /api/1.0/task/:task/archive", changing(over("/archive"))),
    keyed("DELETE /api/1.0/task/:task/archive", spending(over("/archive"))),
    keyed("DELETE /api/1.0/task/:task", pending()),
  ]),
};
