import { type Area, get, type Question, type Standing } from "../request.ts";

const TUS_HEADERS = { "tus-resumable": "1.0.0" };
const encoded = (text: string): string => Buffer.from(text).toString("base64");
const creation = ({ scene }: Standing, code: string, length: number): Question => ({
  path: `/files/${scene.study.uuid}/`,
  headers: {
    ...TUS_HEADERS,
    "upload-length": String(length),
    "upload-metadata": `filename ${encoded("data.csv")},upload_code ${encoded(code)}`,
  },
});
/** A new upload; of no bytes it is finished at once. */
async function upload(standing: Standing, length = 5): Promise<string> {
  const { headers } = await standing.bench.ask({ method: "POST", ...creation(standing, standing.scene.study.code, length) });
  return new URL(String(headers.location)).pathname;
}
const patch = (path: string, offset: number): Question => ({
  path,
  headers: { ...TUS_HEADERS, "upload-offset": String(offset), "content-type": "application/offset+octet-stream" },
  body: Buffer.from("12345"),
});

/** The upload endpoint: no rows, as its bytes take the shortest way. */
export const uploads: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
OPTIONS /files/                                               204    204     204     204   204  204   204     204         204        204   204
POST   /files/:uuid/                                          201    201     201     201   201  201   201     201         201        201   201
POST   /files/:uuid/ (wrong code)                             403    403     403     403   403  403   403     403         403        403   403
POST   /files/:uuid/ (no study)                               404    404     404     404   404  404   404     404         404        404   404
HEAD   /files/:id                                             200    200     200     200   200  200   200     200         200        200   200
PATCH  /files/:id                                             204    204     204     204   204  204   204     204         204        204   204
PATCH  /files/:id (wrong offset)                              409    409     409     409   409  409   409     409         409        409   409
DELETE /files/:id                                             204    204     204     204   204  204   204     204         204        204   204
DELETE /files/:id (finished)                                  403    403     403     403   403  403   403     403         403        403   403
`,
  requests: {
    "OPTIONS /files/": get("/files/"),
    "POST /files/:uuid/": { ask: standing => creation(standing, standing.scene.study.code, 5) },
    "POST /files/:uuid/ (wrong code)": { ask: standing => creation(standing, "WRONG-WRONG-1", 5) },
    "POST /files/:uuid/ (no study)": {
      ask: standing => ({ ...creation(standing, standing.scene.study.code, 5), path: "/files/" }),
    },
    "HEAD /files/:id": { ask: async standing => ({ path: await upload(standing), headers: TUS_HEADERS }) },
    "PATCH /files/:id": { ask: async standing => patch(await upload(standing), 0) },
    "PATCH /files/:id (wrong offset)": { ask: async standing => patch(await upload(standing), 3) },
    "DELETE /files/:id": { ask: async standing => ({ path: await upload(standing), headers: TUS_HEADERS }) },
    "DELETE /files/:id (finished)": { ask: async standing => ({ path: await upload(standing, 0), headers: TUS_HEADERS }) },
  },
};
