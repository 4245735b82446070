import { ADMINISTRATORS, type Area, at, get, INVITERS, type Request, spending, telling, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

const showsCode = (request: Request): Request => telling(request, { code: ADMINISTRATORS });
const showsInvitation = (request: Request): Request => telling(request, { "invitation code": INVITERS });
const study = (scene: Scene, rest = ""): string => `/api/v1/studies/${scene.study.id}/${rest}`;
const studyWrite = (scene: Scene) => ({ code: "T", name: "Changed", human_subject: false, field: scene.field });
const people = ({ cast }: Scene) =>
  (["owner", "administrator", "researcher", "member"] as const).map(role => ({
    researcher_id: cast[role].person.id,
    role: role === "owner" ? "ADMINISTRATOR" : role.toUpperCase(),
  }));
const invitation = (scene: Scene, rest = ""): string => `/api/v1/invitations/${scene.invitation.id}/${rest}`;
const invitationWrite = (scene: Scene) => ({ study: scene.study.id, name: "Eve", email: "eve@example.org" });

/** Universities, studies, contributors, invitations. */
export const studies: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
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
`,
  requests: {
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
  },
};
