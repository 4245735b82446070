import { Buffer } from "node:buffer";
import { SignJWT } from "jose";
import { linkProof } from "../../src/core/people/links.ts";
import type { Asked } from "./ask.ts";
import type { Bench } from "./bench.ts";
import { ACTORS, type ActorName, accountOf, type DropState, newSomebody, PASSWORD, type Scene, type Somebody } from "./scene.ts";

/**
 * Who gets what at every route: one line per route, or several where the state of the object decides, with a word in brackets.
 * What somebody may not see does not exist for them: 404. What they see and may not do: 403. Source: contract vre-broker §2 to §4.
 */
const TABLE = `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/portal/                                        200    200     200     200   200  200   200     200         200        200   200
GET    /api/v1/keys/                                          200    200     200     200   200  200   200     200         200        200   200

POST   /api/auth/hawk/create/                                 401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/jwt/create/                                  401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/jwt/refresh/                                 401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/jwt/verify/                                  401    200     200     200   200  200   200     200         200        200   200
POST   /api/auth/session/                                     401    401     200     200   200  200   200     200         200        200   200
GET    /api/auth/session/                                     401    401     200     200   200  200   200     200         200        200   200
DELETE /api/auth/session/                                     204    204     204     204   204  204   204     204         204        204   204

GET    /api/auth/users/                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/users/                                       401    401     403     403   403  201   403     403         403        403   201
GET    /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
PUT    /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
PATCH  /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
DELETE /api/auth/users/me/                                    401    401     204     204   204  204   204     204         204        409   204
GET    /api/auth/users/:id/                                   401    401     404     404   404  200   404     404         404        404   200
PUT    /api/auth/users/:id/                                   401    401     404     404   404  200   404     404         404        404   200
PATCH  /api/auth/users/:id/                                   401    401     404     404   404  200   404     404         404        404   200
DELETE /api/auth/users/:id/                                   401    401     403     403   403  204   403     403         403        403   204
GET    /api/auth/users/:id/ (oneself)                         401    401     200     200   200  200   200     200         200        200   200
PUT    /api/auth/users/:id/ (a superuser)                     401    401     404     404   404  403   404     404         404        404   200
PATCH  /api/auth/users/:id/ (a superuser)                     401    401     404     404   404  403   404     404         404        404   200
DELETE /api/auth/users/:id/ (a superuser)                     401    401     403     403   403  403   403     403         403        403   204
POST   /api/auth/users/activation/                            204    204     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/activation/ (active already)           403    403     403     403   403  403   403     403         403        403   403
POST   /api/auth/users/resend_activation/                     204    204     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/set_password/                          401    401     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/set_password/ (wrong password)         401    401     400     400   400  400   400     400         400        400   400
POST   /api/auth/users/reset_password/                        204    204     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/reset_password_confirm/                204    204     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/reset_password_confirm/ (another purpose) 400    400     400     400   400  400   400     400         400        400   400
POST   /api/auth/users/set_username/                          401    401     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/reset_username/                        204    204     204     204   204  204   204     204         204        204   204
POST   /api/auth/users/reset_username_confirm/                204    204     204     204   204  204   204     204         204        204   204
GET    /api/v1/researchers/                                   401    401     200     200   200  200   200     200         200        200   200

GET    /api/v1/universities/                                  401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/universities/:id/faculties/                    401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/universities/:id/faculties/:faculty/study_fields/  401 401    200     200   200  200   200     200         200        200   200

GET    /api/v1/studies/                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/studies/                                       401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/studies/fields/                                401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/studies/roles/                                 401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/studies/:id/                                   401    401     404     404   404  404   200     200         200        200   200
PUT    /api/v1/studies/:id/                                   401    401     404     404   404  404   403     403         200        200   200
DELETE /api/v1/studies/:id/                                   401    401     404     404   404  404   403     403         403        204   204
DELETE /api/v1/studies/:id/ (files not delivered)             401    401     404     404   404  404   403     403         403        409   409
GET    /api/v1/studies/:id/contributors/                      401    401     404     404   404  404   200     200         200        200   200
POST   /api/v1/studies/:id/contributors/                      401    401     404     404   404  404   403     403         200        200   200
POST   /api/v1/studies/:id/contributors/ (owner left out)     401    401     404     404   404  404   403     403         400        400   400

GET    /api/v1/invitations/                                   401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/invitations/                                   401    401     400     400   400  400   403     201         201        201   201
GET    /api/v1/invitations/:id/                               401    401     404     404   404  404   200     200         200        200   200
PUT    /api/v1/invitations/:id/                               401    401     404     404   404  404   403     200         200        200   200
DELETE /api/v1/invitations/:id/                               401    401     404     404   404  404   403     204         204        204   204
DELETE /api/v1/invitations/:id/ (brought files)               401    401     404     404   404  404   403     409         409        409   409
POST   /api/v1/invitations/:id/send/                          401    401     404     404   404  404   403     403         200        200   200

GET    /api/v1/storages/                                      401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/storages/                                      401    401     201     201   201  201   201     201         201        201   201
POST   /api/v1/storages/ (a folder of the server)             401    401     400     400   400  201   400     400         400        400   201
GET    /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         200        200   200
PUT    /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         403        200   200
DELETE /api/v1/storages/:id/                                  401    401     404     404   404  404   404     404         404        204   204
DELETE /api/v1/storages/:id/ (in use)                         401    401     404     404   404  404   404     404         403        409   409
POST   /api/v1/storages/:id/test/                             401    401     404     404   404  404   404     404         200        200   200
GET    /api/v1/studies/:id/storages/                          401    401     404     404   404  404   403     403         200        200   200
POST   /api/v1/studies/:id/storages/                          401    401     404     404   404  404   403     403         403        201   201
POST   /api/v1/studies/:id/storages/ (unseen storage)         401    401     404     404   404  404   403     403         400        201   201
GET    /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         200        200   200
PUT    /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         200        200   200
DELETE /api/v1/studies/:id/storages/:location/                401    401     404     404   404  404   403     403         204        204   204

GET    /api/v1/dropoffs/                                      401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/dropoffs/:id/                                  401    401     404     404   404  404   200     200         200        200   200
POST   /api/v1/dropoffs/:id/retry/                            401    401     404     404   404  404   403     403         202        202   202
POST   /api/v1/dropoffs/:id/retry/ (delivered)                401    401     404     404   404  404   403     403         409        409   409
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

OPTIONS /files/                                               204    204     204     204   204  204   204     204         204        204   204
POST   /files/:uuid/                                          201    201     201     201   201  201   201     201         201        201   201
POST   /files/:uuid/ (wrong code)                             403    403     403     403   403  403   403     403         403        403   403
POST   /files/:uuid/ (no study)                               404    404     404     404   404  404   404     404         404        404   404
HEAD   /files/:id                                             200    200     200     200   200  200   200     200         200        200   200
PATCH  /files/:id                                             204    204     204     204   204  204   204     204         204        204   204
PATCH  /files/:id (wrong offset)                              409    409     409     409   409  409   409     409         409        409   409
DELETE /files/:id                                             204    204     204     204   204  204   204     204         204        204   204
DELETE /files/:id (finished)                                  403    403     403     403   403  403   403     403         403        403   403
`;

/** The upload endpoint: no rows, as its bytes take the shortest way. */
export const TUS = ["OPTIONS /files/", "POST /files/:uuid/", "HEAD /files/:id", "PATCH /files/:id", "DELETE /files/:id"];

/** What stands before a route when somebody asks. */
export interface Standing {
  readonly bench: Bench;
  readonly scene: Scene;
  readonly as: ActorName;
  /** Whoever asks, when they have an account. */
  readonly self: Somebody | undefined;
}

/** A secret that a reply tells on purpose, and to whom. */
export type Told = "storage" | "account link" | "code" | "invitation code" | "own hawk token" | "own csrf token";

export interface Question extends Omit<Asked, "method"> {
  /** Without the actor's token: the credentials are elsewhere. */
  readonly bare?: boolean;
}

export interface Request {
  readonly ask: (standing: Standing) => Question | Promise<Question>;
  /** A success uses up what the next one needs: the next to ask, or only the next line, as when all give up their own account. */
  readonly spends?: "each" | "all";
  /** State of the study's drop; delivered when absent. */
  readonly drop?: DropState;
  readonly tells?: (as: ActorName) => readonly Told[];
}

const at = (path: (scene: Scene) => string, body?: unknown): Request => ({
  ask: ({ scene }) => ({ path: path(scene), ...(body === undefined ? {} : { body }) }),
});
const get = (path: string): Request => at(() => path);
const spending = (request: Request, spends: Request["spends"] = "each"): Request => ({ ...request, spends });
const withBody = (path: (scene: Scene) => string, body: (standing: Standing) => unknown): Request => ({
  ask: standing => ({ path: path(standing.scene), body: body(standing) }),
});

const INVITERS: readonly ActorName[] = ["researcher", "administrator", "owner", "superuser"];
const ADMINISTRATORS = INVITERS.slice(1);
const telling = (request: Request, told: Partial<Record<Told, readonly ActorName[]>>): Request => ({
  ...request,
  tells: as => (Object.keys(told) as Told[]).filter(what => told[what]?.includes(as)),
});
const showsCode = (request: Request): Request => telling(request, { code: ADMINISTRATORS });
const showsInvitation = (request: Request): Request => telling(request, { "invitation code": INVITERS });

const credentials = (path: string): Request =>
  withBody(
    () => path,
    ({ self }) => ({ username: self?.person.username ?? "nobody-at-all", password: PASSWORD }),
  );

const cookieOf = (self: Somebody | undefined): Record<string, string> =>
  self ? { cookie: `havre_session=${self.cookie}`, "x-csrftoken": self.csrf } : {};

async function jwtOf(type: "access" | "refresh", { bench, self }: Standing): Promise<string> {
  if (!self) return "no.token.atall";
  const now = Math.floor(Date.now() / 1000);
  const claims = { token_type: type, iat: now + 1, exp: now + 60, jti: "0".repeat(32), user_id: self.person.id };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(bench.world.secrets.derive("jwt"));
}

type Whose = (scene: Scene) => Somebody;
type Purpose = "activation" | "password" | "username";
const linkOf = async (bench: Bench, purpose: Purpose, somebody: Somebody) =>
  linkProof(bench.world, purpose, await accountOf(bench, somebody));

/** With a link that was mailed to somebody new. */
const fromMail = (path: string, purpose: Purpose, more: () => object = () => ({})): Request => ({
  ask: async ({ bench }) => {
    const somebody = await newSomebody(bench, { isActive: purpose !== "activation" });
    return { path, body: { ...(await linkOf(bench, purpose, somebody)), ...more() } };
  },
});

let count = 0;
const unique = (): string => `new-${process.pid}-${++count}`;
const GOOD = "another-Sheep-8-lantern";

const user = (whose: Whose, body?: unknown): Request => at(scene => `/api/auth/users/${whose(scene).person.id}/`, body);
const other: Whose = scene => scene.other;
const boss: Whose = scene => scene.boss;

const study = (scene: Scene, rest = ""): string => `/api/v1/studies/${scene.study.id}/${rest}`;
const studyWrite = (scene: Scene) => ({ code: "T", name: "Changed", human_subject: false, field: scene.field });
const people = ({ cast }: Scene) =>
  (["owner", "administrator", "researcher", "member"] as const).map(role => ({
    researcher_id: cast[role].person.id,
    role: role === "owner" ? "ADMINISTRATOR" : role.toUpperCase(),
  }));
const invitation = (scene: Scene, rest = ""): string => `/api/v1/invitations/${scene.invitation.id}/${rest}`;
const invitationWrite = (scene: Scene) => ({ study: scene.study.id, name: "Eve", email: "eve@example.org" });
const storage = (scene: Scene, rest = ""): string => `/api/v1/storages/${scene.storage}/${rest}`;
const storageWrite = { name: "Drive", engine: "WEBDAV", location: "http://127.0.0.1:9/dav/", username: "u", password: "pw" };
const folderWrite = { name: "Folder", engine: "FOLDER", location: "/srv/havre", username: "", password: "" };
const place = (scene: Scene): string => study(scene, `storages/${scene.location}/`);
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

/** How each line of the table is asked. */
export const REQUESTS: Readonly<Record<string, Request>> = {
  "GET /api/v1/portal/": get("/api/v1/portal/"),
  "GET /api/v1/keys/": get("/api/v1/keys/"),

  "POST /api/auth/hawk/create/": { ...credentials("/api/auth/hawk/create/"), tells: () => ["own hawk token"] },
  "POST /api/auth/jwt/create/": credentials("/api/auth/jwt/create/"),
  "POST /api/auth/jwt/refresh/": {
    ask: async standing => ({ path: "/api/auth/jwt/refresh/", body: { refresh: await jwtOf("refresh", standing) } }),
  },
  "POST /api/auth/jwt/verify/": {
    ask: async standing => ({ path: "/api/auth/jwt/verify/", body: { token: await jwtOf("access", standing) } }),
  },
  "POST /api/auth/session/": credentials("/api/auth/session/"),
  "GET /api/auth/session/": {
    ask: ({ self }) => ({ path: "/api/auth/session/", headers: cookieOf(self), bare: true }),
    tells: () => ["own csrf token"],
  },
  "DELETE /api/auth/session/": {
    ask: ({ self }) => ({ path: "/api/auth/session/", headers: cookieOf(self), bare: true }),
    spends: "all",
  },

  "GET /api/auth/users/": get("/api/auth/users/"),
  "POST /api/auth/users/": withBody(
    () => "/api/auth/users/",
    () => ({ username: unique(), password: GOOD, email: "new@example.org" }),
  ),
  "GET /api/auth/users/me/": get("/api/auth/users/me/"),
  "PUT /api/auth/users/me/": at(() => "/api/auth/users/me/", { email: "put@example.org" }),
  "PATCH /api/auth/users/me/": at(() => "/api/auth/users/me/", { email: "patched@example.org" }),
  "DELETE /api/auth/users/me/": spending(
    at(() => "/api/auth/users/me/", { current_password: PASSWORD }),
    "all",
  ),
  "GET /api/auth/users/:id/": user(other),
  "PUT /api/auth/users/:id/": user(other, { email: "put@example.org" }),
  "PATCH /api/auth/users/:id/": user(other, { email: "patched@example.org" }),
  "DELETE /api/auth/users/:id/": spending(user(other, { current_password: PASSWORD })),
  "GET /api/auth/users/:id/ (oneself)": { ask: ({ self }) => ({ path: `/api/auth/users/${self?.person.id ?? 1}/` }) },
  "PUT /api/auth/users/:id/ (a superuser)": user(boss, { email: "put@example.org" }),
  "PATCH /api/auth/users/:id/ (a superuser)": user(boss, { email: "patched@example.org" }),
  "DELETE /api/auth/users/:id/ (a superuser)": spending(user(boss, { current_password: PASSWORD })),
  "POST /api/auth/users/activation/": fromMail("/api/auth/users/activation/", "activation"),
  "POST /api/auth/users/activation/ (active already)": {
    ask: async ({ bench, scene }) => ({
      path: "/api/auth/users/activation/",
      body: await linkOf(bench, "activation", scene.other),
    }),
  },
  "POST /api/auth/users/resend_activation/": withBody(
    () => "/api/auth/users/resend_activation/",
    ({ scene }) => ({ email: scene.waiting.person.email }),
  ),
  "POST /api/auth/users/set_password/": spending(
    at(() => "/api/auth/users/set_password/", { current_password: PASSWORD, new_password: GOOD }),
    "all",
  ),
  "POST /api/auth/users/set_password/ (wrong password)": at(() => "/api/auth/users/set_password/", {
    current_password: "not-the-password",
    new_password: GOOD,
  }),
  "POST /api/auth/users/reset_password/": withBody(
    () => "/api/auth/users/reset_password/",
    ({ scene }) => ({ email: scene.other.person.email }),
  ),
  "POST /api/auth/users/reset_password_confirm/": fromMail("/api/auth/users/reset_password_confirm/", "password", () => ({
    new_password: GOOD,
  })),
  "POST /api/auth/users/reset_password_confirm/ (another purpose)": {
    ask: async ({ bench, scene }) => ({
      path: "/api/auth/users/reset_password_confirm/",
      body: { ...(await linkOf(bench, "activation", scene.other)), new_password: GOOD },
    }),
  },
  "POST /api/auth/users/set_username/": spending(
    withBody(
      () => "/api/auth/users/set_username/",
      () => ({ current_password: PASSWORD, new_username: unique() }),
    ),
    "all",
  ),
  "POST /api/auth/users/reset_username/": withBody(
    () => "/api/auth/users/reset_username/",
    ({ scene }) => ({ email: scene.other.person.email }),
  ),
  "POST /api/auth/users/reset_username_confirm/": fromMail("/api/auth/users/reset_username_confirm/", "username", () => ({
    new_username: unique(),
  })),
  "GET /api/v1/researchers/": get("/api/v1/researchers/?page_size=1000"),

  "GET /api/v1/universities/": get("/api/v1/universities/"),
  "GET /api/v1/universities/:id/faculties/": get("/api/v1/universities/1/faculties/"),
  "GET /api/v1/universities/:id/faculties/:faculty/study_fields/": get("/api/v1/universities/1/faculties/1/study_fields/"),

  "GET /api/v1/studies/": showsCode(get("/api/v1/studies/?page_size=1000")),
  "POST /api/v1/studies/": withBody(
    () => "/api/v1/studies/",
    ({ scene }) => studyWrite(scene),
  ),
  "GET /api/v1/studies/fields/": get("/api/v1/studies/fields/"),
  "GET /api/v1/studies/roles/": get("/api/v1/studies/roles/"),
  "GET /api/v1/studies/:id/": showsCode(at(study)),
  "PUT /api/v1/studies/:id/": showsCode(withBody(study, ({ scene }) => studyWrite(scene))),
  "DELETE /api/v1/studies/:id/": spending(at(study)),
  "DELETE /api/v1/studies/:id/ (files not delivered)": { ...at(study), drop: "waiting" },
  "GET /api/v1/studies/:id/contributors/": at(scene => study(scene, "contributors/")),
  "POST /api/v1/studies/:id/contributors/": withBody(
    scene => study(scene, "contributors/"),
    ({ scene }) => people(scene),
  ),
  "POST /api/v1/studies/:id/contributors/ (owner left out)": withBody(
    scene => study(scene, "contributors/"),
    ({ scene }) => people(scene).slice(1),
  ),

  "GET /api/v1/invitations/": showsInvitation(get("/api/v1/invitations/?page_size=1000")),
  "POST /api/v1/invitations/": withBody(
    () => "/api/v1/invitations/",
    ({ scene }) => invitationWrite(scene),
  ),
  "GET /api/v1/invitations/:id/": showsInvitation(at(invitation)),
  "PUT /api/v1/invitations/:id/": showsInvitation(withBody(invitation, ({ scene }) => invitationWrite(scene))),
  "DELETE /api/v1/invitations/:id/": spending(at(invitation)),
  "DELETE /api/v1/invitations/:id/ (brought files)": at(scene => `/api/v1/invitations/${scene.invitation.used}/`),
  "POST /api/v1/invitations/:id/send/": showsInvitation(at(scene => invitation(scene, "send/"), {})),

  "GET /api/v1/storages/": get("/api/v1/storages/?page_size=1000"),
  "POST /api/v1/storages/": at(() => "/api/v1/storages/", storageWrite),
  "POST /api/v1/storages/ (a folder of the server)": at(() => "/api/v1/storages/", folderWrite),
  "GET /api/v1/storages/:id/": at(storage),
  "PUT /api/v1/storages/:id/": at(storage, { ...storageWrite, password: "" }),
  "DELETE /api/v1/storages/:id/": spending(at(scene => `/api/v1/storages/${scene.spare}/`)),
  "DELETE /api/v1/storages/:id/ (in use)": at(storage),
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

  "GET /api/v1/dropoffs/": get("/api/v1/dropoffs/?page_size=1000"),
  "GET /api/v1/dropoffs/:id/": at(scene => `/api/v1/dropoffs/${scene.drop.id}/`),
  "POST /api/v1/dropoffs/:id/retry/": {
    ...at(scene => `/api/v1/dropoffs/${scene.drop.id}/retry/`),
    drop: "failed",
    spends: "each",
  },
  "POST /api/v1/dropoffs/:id/retry/ (delivered)": at(scene => `/api/v1/dropoffs/${scene.drop.id}/retry/`),
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
};

export interface Line {
  /** "GET /api/v1/studies/:id/" and, where there are several, a word in brackets. */
  readonly key: string;
  readonly route: string;
  readonly method: string;
  readonly expected: Readonly<Record<ActorName, number>>;
}

/** @throws when a line has not one status for each of the actors, in the order of the head */
export function linesOf(table = TABLE): readonly Line[] {
  const [head = "", ...lines] = table.split("\n").filter(line => line.trim() !== "");
  if (head.trim().split(/\s+/).join() !== ACTORS.join()) throw new Error("The head of the table is not the list of actors.");
  return lines.map(line => {
    const [, method = "", path = "", variant = "", statuses = ""] =
      /^(\S+)\s+(\S+)(?:\s+(\(.*?\)))?((?:\s+\d{3})+)$/.exec(line) ?? [];
    const numbers = statuses.trim().split(/\s+/).map(Number);
    if (numbers.length !== ACTORS.length) throw new Error(`This line has ${numbers.length} statuses: ${line}`);
    const route = `${method} ${path}`;
    const expected = Object.fromEntries(ACTORS.map((actor, index) => [actor, numbers[index]])) as Line["expected"];
    return { key: variant === "" ? route : `${route} ${variant}`, route, method, expected };
  });
}
