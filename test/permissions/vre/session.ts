import { SignJWT } from "jose";
import { type Area, at, get, type Request, type Standing, spending, withBody } from "../request.ts";
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
