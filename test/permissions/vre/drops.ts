import { type Area, at, get, type Question, type Standing, telling, unique, withBody } from "../request.ts";

const hook = ({ scene }: Standing): Question => ({
  path: "/api/v1/dropoffs/webhook/",
  headers: { "hook-name": "post-finish" },
  body: {
    Upload: {
      ID: unique(),
      Size: 5,
      MetaData: { filename: "hooked.csv", study: scene.study.uuid, upload_code: scene.study.code },
      Storage: { Type: "filestore", Path: "/tmp/hooked" },
    },
  },
});

/** Drops, receipts, mails. */
export const drops: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/dropoffs/                                      401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/dropoffs/:id/                                  401    401     404     404   404  404   200     200         200        200   200
POST   /api/v1/dropoffs/:id/retry/                            401    401     404     404   404  404   403     403         202        202   202
POST   /api/v1/dropoffs/:id/retry/ (delivered)                401    401     404     404   404  404   403     403         409        409   409
POST   /api/v1/dropoffs/:id/prove/                            401    401     404     404   404  404   403     403         202        202   202
POST   /api/v1/dropoffs/:id/prove/ (nothing delivered)        401    401     404     404   404  404   403     403         409        409   409
GET    /api/v1/dropoffs/studies/:uuid/                        401    401     403     403   403  403   403     403         403        403   200
POST   /api/v1/dropoffs/studies/:uuid/check/                  401    401     403     403   403  403   403     403         403        403   200
GET    /api/v1/dropoffs/pages/:uuid/                          200    200     200     200   200  200   200     200         200        200   200
POST   /api/v1/dropoffs/pages/:uuid/check/                    200    200     200     200   200  200   200     200         200        200   200
POST   /api/v1/dropoffs/pages/:uuid/check/ (wrong code)       403    403     403     403   403  403   403     403         403        403   403
GET    /api/v1/events/                                        401    401     404     404   404  404   200     200         200        200   200
POST   /api/v1/dropoffs/webhook/                              401    401     403     403   403  403   403     403         403        403   200
GET    /api/v1/receipts/:secret/                              200    200     200     200   200  200   200     200         200        200   200
GET    /api/v1/receipts/:secret/receipt.json                  200    200     200     200   200  200   200     200         200        200   200
GET    /api/v1/receipts/:secret/ro-crate.zip                  200    200     200     200   200  200   200     200         200        200   200
GET    /api/v1/receipts/:secret/events/                       200    200     200     200   200  200   200     200         200        200   200
GET    /api/v1/mails/                                         401    401     403     403   403  200   403     403         403        403   200
`,
  requests: {
    "GET /api/v1/dropoffs/": get("/api/v1/dropoffs/?page_size=1000"),
    "GET /api/v1/dropoffs/:id/": at(scene => `/api/v1/dropoffs/${scene.drop.id}/`),
    "POST /api/v1/dropoffs/:id/retry/": {
      ...at(scene => `/api/v1/dropoffs/${scene.drop.id}/retry/`),
      drop: "failed",
      spends: "each",
    },
    "POST /api/v1/dropoffs/:id/retry/ (delivered)": at(scene => `/api/v1/dropoffs/${scene.drop.id}/retry/`),
    "POST /api/v1/dropoffs/:id/prove/": at(scene => `/api/v1/dropoffs/${scene.drop.id}/prove/`),
    "POST /api/v1/dropoffs/:id/prove/ (nothing delivered)": {
      ...at(scene => `/api/v1/dropoffs/${scene.drop.id}/prove/`),
      drop: "failed",
    },
    "GET /api/v1/dropoffs/studies/:uuid/": at(scene => `/api/v1/dropoffs/studies/${scene.study.uuid}/`),
    "POST /api/v1/dropoffs/studies/:uuid/check/": withBody(
      scene => `/api/v1/dropoffs/studies/${scene.study.uuid}/check/`,
      ({ scene }) => ({ code: scene.study.code }),
    ),
    "GET /api/v1/dropoffs/pages/:uuid/": at(scene => `/api/v1/dropoffs/pages/${scene.study.uuid}/`),
    "POST /api/v1/dropoffs/pages/:uuid/check/": withBody(
      scene => `/api/v1/dropoffs/pages/${scene.study.uuid}/check/`,
      ({ scene }) => ({ code: scene.invitation.code }),
    ),
    "POST /api/v1/dropoffs/pages/:uuid/check/ (wrong code)": at(scene => `/api/v1/dropoffs/pages/${scene.study.uuid}/check/`, {
      code: "WRONG-WRONG-1",
    }),
    "GET /api/v1/events/": at(scene => `/api/v1/events/?study=${scene.study.id}`),
    "POST /api/v1/dropoffs/webhook/": { ask: hook, tells: as => (as === "superuser" ? ["storage"] : []) },
    "GET /api/v1/receipts/:secret/": at(scene => `/api/v1/receipts/${scene.drop.receipt}/`),
    "GET /api/v1/receipts/:secret/receipt.json": at(scene => `/api/v1/receipts/${scene.drop.receipt}/receipt.json`),
    "GET /api/v1/receipts/:secret/ro-crate.zip": at(scene => `/api/v1/receipts/${scene.drop.receipt}/ro-crate.zip`),
    "GET /api/v1/receipts/:secret/events/": at(scene => `/api/v1/receipts/${scene.drop.receipt}/events/`),
    "GET /api/v1/mails/": telling(get("/api/v1/mails/?page_size=1000"), {
      "invitation code": ["staff", "superuser"],
      "account link": ["superuser"],
    }),
  },
};
