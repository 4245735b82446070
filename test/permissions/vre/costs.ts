import { type Area, at, type Request, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";
import { marketOf } from "../waldur/market.ts";

const study =
  (rest: string) =>
  (scene: Scene): string =>
    `/api/v1/studies/${scene.study.id}/${rest}`;
/** Around the study is a marketplace, in which `staff` owns the organisation that pays. */
const paid = (request: Request): Request => ({
  ...request,
  prepare: async (bench, scene) => void (await marketOf(bench, scene)),
});
const NOTHING = "00000000-0000-0000-0000-000000000000";
const correction = { unit: "tasks", amount: 3, reason: "A mistake" };

/** What things cost. Whoever sees a study sees what it costs; corrections are for superusers, and need two of them. */
export const costs: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/studies/:id/costs/                             401    401     404     404   404  200   200     200         200        200   200
POST   /api/v1/prices/task/                                   401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/prices/machine/                                401    401     400     400   400  400   400     400         400        400   400
GET    /api/v1/studies/:id/corrections/                       401    401     404     404   404  200   200     200         200        200   200
POST   /api/v1/studies/:id/corrections/                       401    401     404     404   404  403   403     403         403        403   201
POST   /api/v1/corrections/:id/                               401    401     404     404   404  404   404     404         404        404   404
GET    /api/v1/invoices/:uuid/export/                         401    401     404     404   404  404   404     404         404        404   404
`,
  requests: {
    "GET /api/v1/studies/:id/costs/": paid(at(study("costs/"))),
    "POST /api/v1/prices/task/": at(() => "/api/v1/prices/task/", { walltime_seconds: 60 }),
    "POST /api/v1/prices/machine/": at(() => "/api/v1/prices/machine/", { provider: "vrw", profile: "None of this name" }),
    "GET /api/v1/studies/:id/corrections/": paid(at(study("corrections/"))),
    "POST /api/v1/studies/:id/corrections/": paid(withBody(study("corrections/"), () => correction)),
    "POST /api/v1/corrections/:id/": at(() => "/api/v1/corrections/999999999/", { agreed: true }),
    "GET /api/v1/invoices/:uuid/export/": at(() => `/api/v1/invoices/${NOTHING}/export/`),
  },
};
