import type { Bench } from "../bench.ts";
import type { Area, Request, Standing } from "../request.ts";
import type { Scene } from "../scene.ts";
import { marketOf, spend, type Thing, thingOf } from "../waldur/market.ts";

/** Asked about something of the marketplace around the study: `vrw` owns the provider, `staff` the organisation that pays. */
const about = (thing: Thing, path: (uuid: string) => string): Request => ({
  prepare: async (bench, scene) => void (await thingOf(bench, scene, thing)),
  ask: async ({ bench, scene }) => ({ path: path(await thingOf(bench, scene, thing)) }),
});
const filesOf = async (bench: Bench, scene: Scene): Promise<string> =>
  `/api/v1/market/offerings/${(await marketOf(bench, scene)).offering.uuid}/files/`;
const price = (body: (standing: Standing) => Promise<unknown>): Request => ({
  prepare: async (bench, scene) => {
    await marketOf(bench, scene);
    await thingOf(bench, scene, "resource");
  },
  ask: async standing => ({ path: "/api/v1/market/price/", body: await body(standing) }),
});

export const market: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
POST   /api/v1/market/price/                                  401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/market/price/ (of a resource)                  401    401     404     404   404  200   200     200         200        200   200
GET    /api/v1/market/facets/                                 401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/market/orders/:uuid/standing/                  401    401     404     404   200  200   200     200         200        200   200
GET    /api/v1/market/resources/:uuid/standing/               401    401     404     404   200  200   200     200         200        200   200
GET    /api/v1/market/offerings/:uuid/files/                  401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/market/offerings/:uuid/files/ (of a draft)     401    401     404     404   200  404   404     404         404        404   200
POST   /api/v1/market/offerings/:uuid/files/                  401    401     404     404   201  404   404     404         404        404   201
GET    /api/v1/market/offering-files/:uuid/                   401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/market/offering-files/:uuid/ (of a draft)      401    401     404     404   200  404   404     404         404        404   200
DELETE /api/v1/market/offering-files/:uuid/                   401    401     404     404   204  404   404     404         404        404   204
GET    /api/v1/market/projects/:uuid/costs/                  401    401     404     404   404  200   200     200         200        200   200
`,
  requests: {
    "POST /api/v1/market/price/": price(async ({ bench, scene }) => ({
      offering: (await marketOf(bench, scene)).offering.uuid,
      limits: {},
    })),
    "POST /api/v1/market/price/ (of a resource)": price(async ({ bench, scene }) => ({
      resource: await thingOf(bench, scene, "resource"),
      limits: {},
    })),
    "GET /api/v1/market/facets/": { ask: () => ({ path: "/api/v1/market/facets/" }) },
    "GET /api/v1/market/orders/:uuid/standing/": about("pending", uuid => `/api/v1/market/orders/${uuid}/standing/`),
    "GET /api/v1/market/resources/:uuid/standing/": about("resource", uuid => `/api/v1/market/resources/${uuid}/standing/`),
    "GET /api/v1/market/offerings/:uuid/files/": {
      prepare: async (bench, scene) => void (await marketOf(bench, scene)),
      ask: async ({ bench, scene }) => ({ path: await filesOf(bench, scene) }),
    },
    "GET /api/v1/market/offerings/:uuid/files/ (of a draft)": about("draft", uuid => `/api/v1/market/offerings/${uuid}/files/`),
    "POST /api/v1/market/offerings/:uuid/files/": {
      prepare: async (bench, scene) => void (await marketOf(bench, scene)),
      ask: async ({ bench, scene }) => ({
        path: `${await filesOf(bench, scene)}?kind=file&name=f.txt`,
        headers: { "content-type": "text/plain" },
        body: "text",
      }),
    },
    "GET /api/v1/market/offering-files/:uuid/": about("file", uuid => `/api/v1/market/offering-files/${uuid}/`),
    "GET /api/v1/market/offering-files/:uuid/ (of a draft)": about(
      "draft-file",
      uuid => `/api/v1/market/offering-files/${uuid}/`,
    ),
    "DELETE /api/v1/market/offering-files/:uuid/": {
      ...about("file", uuid => `/api/v1/market/offering-files/${uuid}/`),
      spends: "each",
      spent: scene => spend(scene, "file"),
    },
    "GET /api/v1/market/projects/:uuid/costs/": {
      prepare: async (bench, scene) => void (await marketOf(bench, scene)),
      ask: async ({ bench, scene }) => ({ path: `/api/v1/market/projects/${(await marketOf(bench, scene)).study.uuid}/costs/` }),
    },
  },
};
