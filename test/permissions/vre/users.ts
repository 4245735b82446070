import { linkProof } from "../../../src/core/people/links.ts";
import type { Bench } from "../bench.ts";
import { type Area, at, get, type Request, spending, unique, withBody } from "../request.ts";
import { accountOf, newSomebody, PASSWORD, type Scene, type Somebody } from "../scene.ts";

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
const GOOD = "another-Sheep-8-lantern";
const user = (whose: Whose, body?: unknown): Request => at(scene => `/api/auth/users/${whose(scene).person.id}/`, body);
const other: Whose = scene => scene.other;
const boss: Whose = scene => scene.boss;

/** Accounts and colleagues. */
export const users: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/auth/users/                                       401    401     200     200   200  200   200     200         200        200   200
POST   /api/auth/users/                                       401    401     403     403   403  201   403     403         403        403   201
GET    /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
PUT    /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
PATCH  /api/auth/users/me/                                    401    401     200     200   200  200   200     200         200        200   200
DELETE /api/auth/users/me/                                    401    401     204     204   204  204   204     409         204        409   204
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
GET    /api/v1/researchers/me/                                401    401     200     200   200  200   200     200         200        200   200
PATCH  /api/v1/researchers/me/                                401    401     200     200   200  200   200     200         200        200   200
PATCH  /api/v1/researchers/me/ (no such faculty)              401    401     400     400   400  400   400     400         400        400   400
GET    /api/v1/researchers/                                   401    401     200     200   200  200   200     200         200        200   200
`,
  requests: {
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
    "GET /api/v1/researchers/me/": get("/api/v1/researchers/me/"),
    "PATCH /api/v1/researchers/me/": at(() => "/api/v1/researchers/me/", { first_name: "Anna", orcid: "0000-0002-1825-0097" }),
    "PATCH /api/v1/researchers/me/ (no such faculty)": at(() => "/api/v1/researchers/me/", { faculty: 99999 }),
    "GET /api/v1/researchers/": get("/api/v1/researchers/?page_size=1000"),
  },
};
