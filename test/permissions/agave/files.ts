import { type Area, at, get, type Request } from "../request.ts";
import type { Scene } from "../scene.ts";
import { prepared, spare } from "./systems.ts";

/**
 * Nobody listens where the scene's storages are: whoever may go there gets 502, and everybody else is told before that. Nobody of the scene
 * has a default system.
 */
const on =
  (service: string, rest = "/x", system: (scene: Scene) => string = spare) =>
  (scene: Scene): string =>
    `/files/v2/${service}/system/${system(scene)}${rest}`;
const ofStudy = (scene: Scene): string => `storage-${scene.storage}`;

const BODIES: Readonly<Record<string, unknown>> = {
  "POST media": { urlToIngest: "http://127.0.0.1:9/x" },
  "PUT media": { action: "mkdir", path: "y" },
  "POST pems": { username: "public", permission: "READ" },
};
const ROWS = [
  "GET listings",
  "GET media",
  "POST media",
  "PUT media",
  "DELETE media",
  "GET history",
  "GET index",
  "GET pems",
  "POST pems",
  "DELETE pems",
];

const requests: Record<string, Request> = {};
for (const row of ROWS) {
  const [method = "", service = ""] = row.split(" ");
  const key = `${method} /files/v2/${service}`;
  requests[key] = at(() => `/files/v2/${service}`, BODIES[row]);
  requests[`${key}/*`] = prepared(at(on(service), BODIES[row]));
}
const line = (row: string, statuses: string): string => `${row.padEnd(56)} ${statuses}`;
const lines = ROWS.flatMap(row => {
  const [method = "", service = ""] = row.split(" ");
  const key = `${method.padEnd(6)} /files/v2/${service}`;
  //                nobody inactive stranger former vrw staff member researcher administrator owner superuser
  return [
    line(key, "401    401     400     400   400  400   400     400         400        400   400"),
    line(`${key}/*`, "401    401     404     404   404  404   502     502         502        502   502"),
  ];
});

export const agaveFiles: Area = {
  table: `
                                                         nobody inactive stranger former vrw staff member researcher administrator owner superuser
${lines.join("\n")}
GET    /files/v2/listings/* (of a study)                  401    401     404     404   404  404   404     502         502        502   502
GET    /files/v2/listings/* (not there)                   401    401     404     404   404  404   404     404         404        404   404
`,
  requests: {
    ...requests,
    "GET /files/v2/listings/* (of a study)": at(on("listings", "//", ofStudy)),
    "GET /files/v2/listings/* (not there)": get("/files/v2/listings/system/nothing-at-all/x"),
  },
};
