import { type Area, at, get, spending, unique, withBody } from "../request.ts";
import { PASSWORD, type Scene } from "../scene.ts";

const other = (scene: Scene): string => `/profiles/v2/${scene.other.person.username}`;

/** Everybody who signs in finds everybody; only superusers change anybody. */
export const agaveProfiles: Area = {
  table: `
                                                     nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /profiles/v2                                   401    401     200     200   200  200   200     200         200        200   200
GET    /profiles/v2/:username                         401    401     200     200   200  200   200     200         200        200   200
GET    /profiles/v2/:username (put out)               401    401     404     404   404  404   404     404         404        404   200
POST   /profiles/v2                                   401    401     403     403   403  403   403     403         403        403   201
PUT    /profiles/v2/:username                         401    401     403     403   403  403   403     403         403        403   200
DELETE /profiles/v2/:username                         401    401     403     403   403  403   403     403         403        403   200
`,
  requests: {
    "GET /profiles/v2": get("/profiles/v2?limit=5"),
    "GET /profiles/v2/:username": at(other),
    "GET /profiles/v2/:username (put out)": at(scene => `/profiles/v2/${scene.waiting.person.username}`),
    "POST /profiles/v2": withBody(
      () => "/profiles/v2",
      () => ({ username: unique(), password: PASSWORD, email: "new@example.org" }),
    ),
    "PUT /profiles/v2/:username": at(other, { city: "Groningen" }),
    "DELETE /profiles/v2/:username": spending(at(other)),
  },
};
