import { SignJWT } from "jose";
import { appPasswords } from "../../../src/store/app-passwords.ts";
import type { Tx } from "../../../src/store/store.ts";
import { type Area, at, get, type Request, type Standing, spending, unique, withBody } from "../request.ts";
import { PASSWORD, type Somebody } from "../scene.ts";

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

const anAppPassword = async (db: Tx, { person }: Somebody): Promise<number> =>
  (await appPasswords(db).insert(person.id, "drive", unique())).id;

/** Signing in, and what everybody may know. */
export const session: Area = {
  table: `
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
GET    /api/auth/sessions/                                    401    401     200     200   200  200   200     200         200        200   200
DELETE /api/auth/sessions/                                    401    401     204     204   204  204   204     204         204        204   204

GET    /api/auth/tokens/                                      401    401     200     200   200  200   200     200         200        200   200
GET    /api/auth/app-passwords/                               401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/app-passwords/                               401    401     201     201   201  201   201     201         201        201   201
POST   /api/auth/app-passwords/ (wrong password)              401    401     400     400   400  400   400     400         400        400   400
DELETE /api/auth/app-passwords/:id/ (of another)              401    401     404     404   404  404   404     404         404        404   404
DELETE /api/auth/app-passwords/:id/                           401    401     204     204   204  204   204     204         204        204   204
POST   /api/auth/tokens/hawk/                                 401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/tokens/hawk/ (wrong password)                401    401     400     400   400  400   400     400         400        400   400
POST   /api/auth/tokens/api/                                  401    401     200     200   200  200   200     200         200        200   200
`,
  requests: {
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
    "GET /api/auth/sessions/": get("/api/auth/sessions/"),
    "DELETE /api/auth/sessions/": spending(get("/api/auth/sessions/"), "all"),
    "GET /api/auth/tokens/": get("/api/auth/tokens/"),
    "GET /api/auth/app-passwords/": get("/api/auth/app-passwords/"),
    "POST /api/auth/app-passwords/": at(() => "/api/auth/app-passwords/", { name: "laptop", current_password: PASSWORD }),
    "POST /api/auth/app-passwords/ (wrong password)": at(() => "/api/auth/app-passwords/", {
      name: "laptop",
      current_password: "wrong",
    }),
    "DELETE /api/auth/app-passwords/:id/ (of another)": {
      prepare: async ({ world }, { other }) => {
        const had = await appPasswords(world.store.db).of(other.person.id);
        if (had.length === 0) await anAppPassword(world.store.db, other);
      },
      ask: async ({ bench, scene }) => {
        const [theirs] = await appPasswords(bench.world.store.db).of(scene.other.person.id);
        return { path: `/api/auth/app-passwords/${theirs?.id}/` };
      },
    },
    "DELETE /api/auth/app-passwords/:id/": {
      ask: async ({ bench, self }) => {
        const id = self?.person.isActive ? await anAppPassword(bench.world.store.db, self) : 1;
        return { path: `/api/auth/app-passwords/${id}/` };
      },
    },
    "POST /api/auth/tokens/hawk/": spending(
      at(() => "/api/auth/tokens/hawk/", { current_password: PASSWORD }),
      "all",
    ),
    "POST /api/auth/tokens/hawk/ (wrong password)": at(() => "/api/auth/tokens/hawk/", { current_password: "wrong" }),
    "POST /api/auth/tokens/api/": spending(
      at(() => "/api/auth/tokens/api/", { current_password: PASSWORD }),
      "all",
    ),
  },
};
