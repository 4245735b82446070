import { type Area, at, get, type Request, spending, telling, withBody } from "../request.ts";
import type { Scene } from "../scene.ts";

const ROOT = "/api/v1/virtualmachines/";
const machine = ({ machines }: Scene, rest = ""): string => `${ROOT}${machines.id}/${rest}`;
const workspace = ({ machines }: Scene, rest = ""): string => `/api/v1/vrw/workspaces/${machines.queued}/${rest}`;
const machineWrite = ({ machines: { study, parts } }: Scene) => ({ name: "Machine", provider: "openstack", study, ...parts });
/** Only its researcher; staff see the machine, and not how to get in. */
const showsAccess = (request: Request): Request => telling(request, { "machine access": ["researcher"] });
const part = (kind: keyof Scene["machines"]["catalogue"]): Request =>
  at(({ machines }) => `${ROOT}${kind}/${machines.catalogue[kind]}/`);

/** What machines are made of, machines, and the queue of the outside system. The machine is the researcher's. */
export const machines: Area = {
  table: `
                                                             nobody inactive stranger former vrw staff member researcher administrator owner superuser
GET    /api/v1/virtual_machines/:provider/gpu/                401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/memory/             401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/network/            401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/os/                 401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/profiles/           401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/storage/            401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtual_machines/:provider/gpu/ (unknown)      401    401     404     404   404  404   404     404         404        404   404
GET    /api/v1/virtualmachines/gpu/                           401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/memory/                        401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/network/                       401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/os/                            401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/profiles/                      401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/storage/                       401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/gpu/:id/                       401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/memory/:id/                    401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/network/:id/                   401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/os/:id/                        401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/profiles/:id/                  401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/storage/:id/                   401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/providers/                     401    401     200     200   200  200   200     200         200        200   200

GET    /api/v1/virtualmachines/                               401    401     200     200   200  200   200     200         200        200   200
POST   /api/v1/virtualmachines/                               401    401     400     400   400  400   200     200         200        200   200
GET    /api/v1/virtualmachines/:id/                           401    401     404     404   404  200   404     200         404        404   200
GET    /api/v1/virtualmachines/:id/ (secrets left out)        401    401     404     404   404  200   404     200         404        404   200
PUT    /api/v1/virtualmachines/:id/                           401    401     404     404   404  200   404     200         404        404   200
DELETE /api/v1/virtualmachines/:id/                           401    401     404     404   404  204   404     204         404        404   204
POST   /api/v1/virtualmachines/:id/start/                     401    401     404     404   404  409   404     409         404        404   409
POST   /api/v1/virtualmachines/:id/stop/                      401    401     404     404   404  202   404     202         404        404   202
POST   /api/v1/virtualmachines/:id/reboot/                    401    401     404     404   404  202   404     202         404        404   202
POST   /api/v1/virtualmachines/:id/retry/                     401    401     404     404   404  409   404     409         404        404   409
POST   /api/v1/virtualmachines/:id/extend/                    401    401     403     403   403  200   403     403         403        403   200
GET    /api/v1/virtualmachines/events/                        401    401     200     200   200  200   200     200         200        200   200
GET    /api/v1/virtualmachines/orphans/                       401    401     403     403   403  200   403     403         403        403   200
DELETE /api/v1/studies/:id/ (with machines)                   401    401     404     404   404  404   403     403         403        409   409

GET    /api/v1/vrw/workspaces/                                401    401     403     403   200  403   403     403         403        403   200
GET    /api/v1/vrw/workspaces/:id/                            401    401     403     403   200  403   403     403         403        403   200
PUT    /api/v1/vrw/workspaces/:id/status/                     401    401     403     403   200  403   403     403         403        403   200
PATCH  /api/v1/vrw/workspaces/:id/status/                     401    401     403     403   200  403   403     403         403        403   200
`,
  requests: {
    ...Object.fromEntries(
      ["gpu", "memory", "network", "os", "profiles", "storage"].flatMap(kind => [
        [`GET /api/v1/virtual_machines/:provider/${kind}/`, get(`/api/v1/virtual_machines/vrw/${kind}/`)],
        [`GET ${ROOT}${kind}/`, get(`${ROOT}${kind}/`)],
        [`GET ${ROOT}${kind}/:id/`, part(kind as keyof Scene["machines"]["catalogue"])],
      ]),
    ),
    "GET /api/v1/virtual_machines/:provider/gpu/ (unknown)": get("/api/v1/virtual_machines/aws/gpu/"),
    "GET /api/v1/virtualmachines/providers/": get(`${ROOT}providers/`),
    "GET /api/v1/virtualmachines/": get(`${ROOT}?page_size=1000`),
    "POST /api/v1/virtualmachines/": withBody(
      () => ROOT,
      ({ scene }) => machineWrite(scene),
    ),
    "GET /api/v1/virtualmachines/:id/": { ...showsAccess(at(machine)), isNoted: true },
    "GET /api/v1/virtualmachines/:id/ (secrets left out)": at(scene => machine(scene, "?reveal=false")),
    "PUT /api/v1/virtualmachines/:id/": withBody(machine, ({ scene }) => machineWrite(scene)),
    "DELETE /api/v1/virtualmachines/:id/": spending(at(machine)),
    "POST /api/v1/virtualmachines/:id/start/": at(scene => machine(scene, "start/"), {}),
    "POST /api/v1/virtualmachines/:id/stop/": spending(at(scene => machine(scene, "stop/"), {})),
    "POST /api/v1/virtualmachines/:id/reboot/": spending(at(scene => machine(scene, "reboot/"), {})),
    "POST /api/v1/virtualmachines/:id/retry/": at(scene => machine(scene, "retry/"), {}),
    "POST /api/v1/virtualmachines/:id/extend/": at(scene => machine(scene, "extend/"), {}),
    "GET /api/v1/virtualmachines/events/": get(`${ROOT}events/`),
    "GET /api/v1/virtualmachines/orphans/": get(`${ROOT}orphans/`),
    "DELETE /api/v1/studies/:id/ (with machines)": at(({ machines }) => `/api/v1/studies/${machines.study}/`),
    "GET /api/v1/vrw/workspaces/": get("/api/v1/vrw/workspaces/?page_size=1000"),
    "GET /api/v1/vrw/workspaces/:id/": at(workspace),
    "PUT /api/v1/vrw/workspaces/:id/status/": at(scene => workspace(scene, "status/"), { status: "UPDATING", remote_id: "vm-1" }),
    "PATCH /api/v1/vrw/workspaces/:id/status/": at(scene => workspace(scene, "status/"), { remote_id: "vm-1" }),
  },
};
