import { sql } from "kysely";
import { addPart, addProfile } from "../../../src/core/machines/index.ts";
import { accountSubject } from "../../../src/core/people/index.ts";
import { actorOf } from "../../../src/core/people/model.ts";
import { createStorage } from "../../../src/core/storages/index.ts";
import { createInvitation } from "../../../src/core/studies/index.ts";
import { sha256Hex } from "../../../src/kernel/secrets.ts";
import { aBulk, aLock, aParkedErrand, aParkedMail } from "../desk.ts";
import { type Area, get, type Request, type Standing, unique } from "../request.ts";
import { newSomebody, PASSWORD } from "../scene.ts";

const ADMIN = "/api/v1/admin";

/** What staff and superusers get; nobody is asked who they are, and everybody else is told that they may not. */
const LINES = `
                                                                   staff superuser
GET    /api/v1/admin/                                                200       200
GET    /api/v1/admin/health/                                         200       200
POST   /api/v1/admin/exports/:kind/                                  200       200

GET    /api/v1/admin/people/                                         200       200
POST   /api/v1/admin/people/                                         201       201
GET    /api/v1/admin/people/:id/                                     200       200
PATCH  /api/v1/admin/people/:id/                                     200       200
PATCH  /api/v1/admin/people/:id/ (a superuser)                       403       200
POST   /api/v1/admin/people/actions/deactivate/                      200       200
POST   /api/v1/admin/people/actions/deactivate/ (a superuser)        403       200
POST   /api/v1/admin/people/actions/deactivate/ (oneself)            409       409
POST   /api/v1/admin/people/actions/deactivate/ (many)               202       202
POST   /api/v1/admin/people/actions/activate/                        200       200
POST   /api/v1/admin/people/actions/end-sessions/                    200       200
POST   /api/v1/admin/people/actions/end-sessions/ (a superuser)      403       200
POST   /api/v1/admin/people/actions/lift-lock/                       200       200
POST   /api/v1/admin/people/actions/send-password-link/              200       200
POST   /api/v1/admin/people/actions/send-password-link/ (a superuser) 403      200
POST   /api/v1/admin/people/actions/add-to-group/                    200       200
POST   /api/v1/admin/people/actions/add-to-group/ (with rights)      403       200
POST   /api/v1/admin/people/actions/remove-from-group/               200       200
POST   /api/v1/admin/people/actions/make-staff/                      403       200
POST   /api/v1/admin/people/actions/remove-staff/                    403       200
POST   /api/v1/admin/people/actions/remove-staff/ (oneself)          403       409
POST   /api/v1/admin/people/actions/make-superuser/                  403       200
POST   /api/v1/admin/people/actions/remove-superuser/                403       200
POST   /api/v1/admin/people/actions/remove-superuser/ (oneself)      403       409
POST   /api/v1/admin/people/actions/new-hawk-token/                  403       200
POST   /api/v1/admin/people/actions/new-api-token/                   403       200
POST   /api/v1/admin/people/actions/remove/                          200       200
POST   /api/v1/admin/people/actions/remove/ (a superuser)            403       200
POST   /api/v1/admin/people/actions/remove/ (oneself)                409       409

GET    /api/v1/admin/groups/                                         200       200
GET    /api/v1/admin/groups/:id/                                     200       200
POST   /api/v1/admin/groups/actions/add-member/                      200       200
POST   /api/v1/admin/groups/actions/add-member/ (with rights)        403       200
POST   /api/v1/admin/groups/actions/remove-member/                   200       200
GET    /api/v1/admin/sessions/                                       200       200
GET    /api/v1/admin/sessions/:id/                                   200       200
POST   /api/v1/admin/sessions/actions/end/                           200       200
POST   /api/v1/admin/sessions/actions/end/ (a superuser)             403       200
GET    /api/v1/admin/locks/                                          200       200
GET    /api/v1/admin/locks/:id/                                      200       200
POST   /api/v1/admin/locks/actions/lift/                             200       200
GET    /api/v1/admin/tokens/                                         200       200
GET    /api/v1/admin/tokens/:id/                                     200       200
POST   /api/v1/admin/tokens/actions/revoke/                          403       200

GET    /api/v1/admin/organisations/                                  200       200
POST   /api/v1/admin/organisations/                                  201       201
GET    /api/v1/admin/organisations/:id/                              200       200
PATCH  /api/v1/admin/organisations/:id/                              200       200
POST   /api/v1/admin/organisations/actions/remove/                   200       200
GET    /api/v1/admin/faculties/                                      200       200
POST   /api/v1/admin/faculties/                                      201       201
GET    /api/v1/admin/faculties/:id/                                  200       200
PATCH  /api/v1/admin/faculties/:id/                                  200       200
POST   /api/v1/admin/faculties/actions/remove/                       200       200
GET    /api/v1/admin/fields/                                         200       200
POST   /api/v1/admin/fields/                                         201       201
GET    /api/v1/admin/fields/:id/                                     200       200
PATCH  /api/v1/admin/fields/:id/                                     200       200
POST   /api/v1/admin/fields/actions/remove/                          200       200

GET    /api/v1/admin/studies/                                        200       200
GET    /api/v1/admin/studies/:id/                                    200       200
PATCH  /api/v1/admin/studies/:id/                                    200       200
POST   /api/v1/admin/studies/actions/open/                           200       200
POST   /api/v1/admin/studies/actions/close/                          200       200
POST   /api/v1/admin/studies/actions/hand-over/                      200       200
POST   /api/v1/admin/studies/actions/remove/                         403       200
GET    /api/v1/admin/contributors/                                   200       200
GET    /api/v1/admin/contributors/:id/                               200       200
GET    /api/v1/admin/invitations/                                    200       200
GET    /api/v1/admin/invitations/:id/                                200       200
PATCH  /api/v1/admin/invitations/:id/                                200       200
POST   /api/v1/admin/invitations/actions/send/                       200       200
POST   /api/v1/admin/invitations/actions/remove/                     200       200
GET    /api/v1/admin/drops/                                          200       200
GET    /api/v1/admin/drops/:id/                                      200       200
POST   /api/v1/admin/drops/actions/give-up/                          403       200
POST   /api/v1/admin/drops/actions/give-up/ (delivered)              403       409
POST   /api/v1/admin/drops/actions/retry/                            200       200
POST   /api/v1/admin/drops/actions/retry/ (delivered)                409       409

GET    /api/v1/admin/storages/                                       200       200
GET    /api/v1/admin/storages/:id/                                   200       200
PATCH  /api/v1/admin/storages/:id/                                   200       200
PATCH  /api/v1/admin/storages/:id/ (elsewhere, with the old password) 400      400
POST   /api/v1/admin/storages/actions/test/                          200       200
POST   /api/v1/admin/storages/actions/hand-over/                     403       200
POST   /api/v1/admin/storages/actions/remove/                        200       200
POST   /api/v1/admin/storages/actions/remove/ (in use)               409       409
GET    /api/v1/admin/locations/                                      200       200
GET    /api/v1/admin/locations/:id/                                  200       200
GET    /api/v1/admin/deliveries/                                     200       200
GET    /api/v1/admin/deliveries/:id/                                 200       200
POST   /api/v1/admin/deliveries/actions/retry/                       200       200

GET    /api/v1/admin/machines/                                       200       200
GET    /api/v1/admin/machines/:id/                                   200       200
POST   /api/v1/admin/machines/actions/extend/                        200       200
POST   /api/v1/admin/machines/actions/start/                         200       200
POST   /api/v1/admin/machines/actions/stop/                          200       200
POST   /api/v1/admin/machines/actions/reboot/                        200       200
POST   /api/v1/admin/machines/actions/retry/                         200       200
POST   /api/v1/admin/machines/actions/retry/ (nothing failed)        409       409
POST   /api/v1/admin/machines/actions/remove/                        200       200
GET    /api/v1/admin/workspaces/                                     200       200
GET    /api/v1/admin/workspaces/:id/                                 200       200
GET    /api/v1/admin/machine-profiles/                               200       200
POST   /api/v1/admin/machine-profiles/                               201       201
GET    /api/v1/admin/machine-profiles/:id/                           200       200
PATCH  /api/v1/admin/machine-profiles/:id/                           200       200
POST   /api/v1/admin/machine-profiles/actions/offer/                 200       200
POST   /api/v1/admin/machine-profiles/actions/withdraw/              200       200
GET    /api/v1/admin/machine-parts/                                  200       200
POST   /api/v1/admin/machine-parts/                                  201       201
GET    /api/v1/admin/machine-parts/:id/                              200       200
PATCH  /api/v1/admin/machine-parts/:id/                              200       200
POST   /api/v1/admin/machine-parts/actions/offer/                    200       200
POST   /api/v1/admin/machine-parts/actions/withdraw/                 200       200
GET    /api/v1/admin/errands/                                        200       200
GET    /api/v1/admin/errands/:id/                                    200       200
POST   /api/v1/admin/errands/actions/requeue/                        200       200
POST   /api/v1/admin/errands/actions/drop/                           200       200
GET    /api/v1/admin/mails/                                          200       200
GET    /api/v1/admin/mails/:id/                                      200       200
POST   /api/v1/admin/mails/actions/resend/                           200       200
GET    /api/v1/admin/events/                                         200       200
GET    /api/v1/admin/events/:id/                                     200       200
GET    /api/v1/admin/notices/                                        200       200
POST   /api/v1/admin/notices/                                        201       201
GET    /api/v1/admin/notices/:id/                                    200       200
PATCH  /api/v1/admin/notices/:id/                                    200       200
POST   /api/v1/admin/notices/actions/remove/                         200       200
GET    /api/v1/admin/bulks/                                          200       200
GET    /api/v1/admin/bulks/:id/                                      200       200
POST   /api/v1/admin/bulks/actions/stop/                             200       200
GET    /api/v1/admin/bulk-items/                                     200       200
GET    /api/v1/admin/bulk-items/:id/                                 200       200
GET    /api/v1/admin/self-tests/                                     200       200
GET    /api/v1/admin/self-tests/:id/                                 200       200
POST   /api/v1/admin/self-tests/actions/run/                         200       200
`;

const NOTICES =
  "GET /api/v1/notices/                                          200    200     200     200   200  200   200     200         200        200   200";

const full = (line: string): string => {
  const [, request = "", staff, superuser] = /^(.*?)\s+(\d{3})\s+(\d{3})$/.exec(line) ?? [];
  return `${request} 401 401 403 403 403 ${staff} 403 403 403 403 ${superuser}`;
};
const lines = LINES.split("\n").filter(line => /^[A-Z]/.test(line));

/** Nothing is made for who is refused anyway. */
const acts = ({ as }: Standing): boolean => as === "staff" || as === "superuser";
type Id = number | string;
type Make = (standing: Standing) => Promise<Id> | Id;

const one = (kind: string, id: Make): Request => ({
  ask: async standing => ({ path: `${ADMIN}/${kind}/${encodeURIComponent(await id(standing))}/` }),
});
const added = (kind: string, body: (standing: Standing) => object): Request => ({
  ask: standing => ({ path: `${ADMIN}/${kind}/`, body: body(standing) }),
});
const changed = (kind: string, id: Make, body: object): Request => ({
  ask: async standing => ({ path: `${ADMIN}/${kind}/${await id(standing)}/`, body }),
});
type More = object | ((standing: Standing) => object);
const acting = (action: string, id: Make, more: More = {}, mayAct = acts, otherwise: Make = () => 1): Request => ({
  ask: async standing => ({
    path: `${ADMIN}/${action}/`,
    body: {
      ids: [await (mayAct(standing) ? id : otherwise)(standing)],
      ...(typeof more === "function" ? more(standing) : more),
    },
  }),
});
/** Staff try it too, on what is there: the first account is a superuser's. */
const superActing = (action: string, id: Make, more: More = {}, otherwise?: Make): Request =>
  acting(action, id, more, ({ as }) => as === "superuser", otherwise);

const other = ({ scene }: Standing): Id => scene.other.person.id;
const boss = ({ scene }: Standing): Id => scene.boss.person.id;
const oneself = ({ self }: Standing): Id => self?.person.id ?? 1;
const fresh = async ({ bench }: Standing): Promise<Id> => (await newSomebody(bench)).person.id;
const freshBoss = async ({ bench }: Standing): Promise<Id> => (await newSomebody(bench, { isSuperuser: true })).person.id;

/** The first row of a table, or the first for which a column has this value. */
const rowOf =
  (table: string, column?: string, value?: (standing: Standing) => Id): Make =>
  async standing => {
    const which = column && value ? sql`where ${sql.ref(column)} = ${value(standing)}` : sql``;
    const { rows } = await sql<{ id: number }>`select id from ${sql.table(table)} ${which} order by id limit 1`.execute(
      standing.bench.world.store.db,
    );
    return rows[0]?.id ?? 0;
  };
/** Of an organisation, a faculty or a field on which nothing hangs. */
const part =
  (table: string, parent: Readonly<Record<string, string>> = {}): Make =>
  async ({ bench }) => {
    const [[column, of] = []] = Object.entries(parent);
    const { rows } = await sql<{ id: number }>`
      insert into ${sql.table(table)} (name ${column ? sql`, ${sql.ref(column)}` : sql``})
      values (${unique()} ${of ? sql`, (select min(id) from ${sql.table(of)})` : sql``}) returning id`.execute(
      bench.world.store.db,
    );
    return rows[0]?.id ?? 0;
  };
const lockOf = async ({ bench, scene }: Standing): Promise<Id> => {
  await aLock(bench.world, accountSubject(scene.other.person.username));
  return scene.other.person.id;
};
const sessionOf =
  (more: object = {}): Make =>
  async ({ bench }) =>
    sha256Hex((await newSomebody(bench, more)).cookie);
const spareStorage = async ({ bench, scene }: Standing): Promise<Id> => {
  const dav = { engine: "WEBDAV", address: "http://127.0.0.1:9/dav/", username: "u", password: "p", name: unique() };
  return (await createStorage(bench.world, actorOf(scene.cast.owner.person), dav)).id;
};
const freshInvitation = async ({ bench, scene }: Standing): Promise<Id> => {
  const input = { study: scene.study.id, name: "Dora", email: "dora@example.org" };
  return (await createInvitation(bench.world, actorOf(scene.cast.owner.person), input)).invitation.id;
};
const study = ({ scene }: Standing): Id => scene.study.id;
const group = { group: "sleep-lab" };
const members = (standing: Standing) => ({ person: other(standing) });
const newOwner = ({ scene }: Standing) => ({ owner: scene.boss.person.id });
const password = { current_password: PASSWORD };
const vrw = ({ bench }: Standing) => bench.world.settings.vrwGroup;

const machine = ({ scene }: Standing): number => scene.machines.id;
const failed = async (standing: Standing): Promise<Id> => {
  const { db } = standing.bench.world.store;
  const stuck = { status: "ERROR", task: "build", task_failed: true } as const;
  await db.updateTable("workspace").set(stuck).where("machine_id", "=", machine(standing)).execute();
  return machine(standing);
};
const off = async (standing: Standing): Promise<Id> => {
  const { db } = standing.bench.world.store;
  await db.updateTable("workspace").set({ power: "off" }).where("machine_id", "=", machine(standing)).execute();
  return machine(standing);
};
const sparePart = async ({ bench, scene }: Standing): Promise<Id> =>
  (await addPart(bench.world, actorOf(scene.boss.person), { kind: "gpu", provider: "vrw", name: unique() })).id;
const spareProfile = async ({ bench, scene }: Standing): Promise<Id> => {
  const { os, memory, storage } = scene.machines.catalogue;
  const made = { name: unique(), os, memory, memoryAmount: 1, storage, storageAmount: 1 };
  return (await addProfile(bench.world, actorOf(scene.boss.person), made)).id;
};
const madeOf = ({ scene }: Standing) => {
  const { os, memory, storage } = scene.machines.catalogue;
  return { name: unique(), os, memory, memory_amount: 1, storage, storage_amount: 2 };
};

const LISTS = [
  "machines",
  "workspaces",
  "machine-profiles",
  "machine-parts",
  "people",
  "groups",
  "sessions",
  "locks",
  "tokens",
  "organisations",
  "faculties",
  "fields",
  "studies",
  "contributors",
  "invitations",
  "drops",
  "storages",
  "locations",
  "deliveries",
  "errands",
  "mails",
  "events",
  "notices",
  "bulks",
  "bulk-items",
  "self-tests",
];

const ONES: Readonly<Record<string, Make>> = {
  people: other,
  groups: vrw,
  sessions: ({ scene }) => sha256Hex(scene.other.cookie),
  locks: ({ scene }) => scene.desk.lock,
  tokens: rowOf("token", "person_id", other),
  organisations: rowOf("organisation"),
  faculties: rowOf("faculty"),
  fields: ({ scene }) => scene.field,
  studies: study,
  contributors: rowOf("permission", "object_id", study),
  invitations: ({ scene }) => scene.invitation.id,
  drops: ({ scene }) => scene.drop.id,
  storages: ({ scene }) => scene.storage,
  locations: ({ scene }) => scene.location,
  deliveries: rowOf("delivery", "drop_id", ({ scene }) => scene.drop.id),
  machines: machine,
  workspaces: ({ scene }) => scene.machines.queued,
  "machine-profiles": ({ scene }) => scene.machines.catalogue.profiles,
  "machine-parts": ({ scene }) => scene.machines.catalogue.os,
  errands: rowOf("errand"),
  mails: rowOf("mail"),
  events: rowOf("event"),
  notices: ({ scene }) => scene.desk.notice,
  bulks: ({ scene }) => scene.desk.bulk,
  "bulk-items": ({ scene }) => scene.desk.item,
  "self-tests": () => "database",
};

const CHANGES: Readonly<Record<string, Request>> = {
  people: changed("people", other, { last_name: "Berg" }),
  organisations: changed("organisations", rowOf("organisation"), { website: "https://example.org" }),
  faculties: changed("faculties", rowOf("faculty"), { name: "Of changes" }),
  fields: changed("fields", ({ scene }) => scene.field, { name: "Changes" }),
  studies: changed("studies", study, { name: "Changed" }),
  invitations: changed("invitations", ({ scene }) => scene.invitation.id, { name: "Changed" }),
  storages: changed("storages", ({ scene }) => scene.storage, { name: "Changed" }),
  "machine-profiles": changed("machine-profiles", ({ scene }) => scene.machines.catalogue.profiles, { cloud_id: "m1.small" }),
  "machine-parts": changed("machine-parts", ({ scene }) => scene.machines.catalogue.os, { vm_code: "image" }),
  notices: changed("notices", ({ scene }) => scene.desk.notice, { text_en: "Changed", ends_at: null }),
};

const ACTIONS: Readonly<Record<string, Request>> = {
  "people/actions/deactivate": acting("people/actions/deactivate", fresh),
  "people/actions/activate": acting("people/actions/activate", fresh),
  "people/actions/end-sessions": acting("people/actions/end-sessions", fresh),
  "people/actions/lift-lock": acting("people/actions/lift-lock", lockOf),
  "people/actions/send-password-link": acting("people/actions/send-password-link", other),
  "people/actions/add-to-group": acting("people/actions/add-to-group", other, group),
  "people/actions/remove-from-group": acting("people/actions/remove-from-group", other, group),
  "people/actions/make-staff": superActing("people/actions/make-staff", fresh),
  "people/actions/remove-staff": superActing("people/actions/remove-staff", fresh),
  "people/actions/make-superuser": superActing("people/actions/make-superuser", fresh),
  "people/actions/remove-superuser": superActing("people/actions/remove-superuser", freshBoss),
  "people/actions/new-hawk-token": superActing("people/actions/new-hawk-token", fresh),
  "people/actions/new-api-token": superActing("people/actions/new-api-token", fresh),
  "people/actions/remove": acting("people/actions/remove", fresh, password),
  "groups/actions/add-member": acting("groups/actions/add-member", () => "crew", members),
  "groups/actions/remove-member": acting("groups/actions/remove-member", () => "crew", members),
  "sessions/actions/end": acting("sessions/actions/end", sessionOf()),
  "locks/actions/lift": acting("locks/actions/lift", ({ bench }) => aLock(bench.world)),
  "tokens/actions/revoke": superActing("tokens/actions/revoke", async standing => {
    const id = await fresh(standing);
    return rowOf("token", "person_id", () => id)(standing);
  }),
  "organisations/actions/remove": acting("organisations/actions/remove", part("organisation")),
  "faculties/actions/remove": acting("faculties/actions/remove", part("faculty", { organisation_id: "organisation" })),
  "fields/actions/remove": acting("fields/actions/remove", part("study_field", { faculty_id: "faculty" })),
  "studies/actions/open": acting("studies/actions/open", study),
  "studies/actions/close": acting("studies/actions/close", study),
  "studies/actions/hand-over": { ...acting("studies/actions/hand-over", study, newOwner), spends: "each" },
  "studies/actions/remove": { ...acting("studies/actions/remove", study), spends: "each" },
  "invitations/actions/send": acting("invitations/actions/send", freshInvitation),
  "invitations/actions/remove": acting("invitations/actions/remove", freshInvitation),
  "drops/actions/give-up": {
    ...superActing("drops/actions/give-up", ({ scene }) => scene.drop.id, { reason: "wrong" }),
    drop: "failed",
    spends: "each",
  },
  "drops/actions/retry": { ...acting("drops/actions/retry", ({ scene }) => scene.drop.id), drop: "failed", spends: "each" },
  "storages/actions/test": acting("storages/actions/test", ({ scene }) => scene.storage),
  "storages/actions/hand-over": superActing("storages/actions/hand-over", spareStorage, newOwner),
  "storages/actions/remove": acting("storages/actions/remove", spareStorage),
  "deliveries/actions/retry": {
    ...acting(
      "deliveries/actions/retry",
      rowOf("delivery", "drop_id", ({ scene }) => scene.drop.id),
    ),
    drop: "failed",
    spends: "each",
  },
  "machines/actions/extend": acting("machines/actions/extend", machine),
  "machines/actions/start": { ...acting("machines/actions/start", off), spends: "each" },
  "machines/actions/stop": { ...acting("machines/actions/stop", machine), spends: "each" },
  "machines/actions/reboot": { ...acting("machines/actions/reboot", machine), spends: "each" },
  "machines/actions/retry": { ...acting("machines/actions/retry", failed), spends: "each" },
  "machines/actions/remove": { ...acting("machines/actions/remove", machine), spends: "each" },
  "machine-profiles/actions/offer": acting("machine-profiles/actions/offer", ({ scene }) => scene.machines.catalogue.profiles),
  "machine-profiles/actions/withdraw": acting("machine-profiles/actions/withdraw", spareProfile),
  "machine-parts/actions/offer": acting("machine-parts/actions/offer", ({ scene }) => scene.machines.catalogue.gpu),
  "machine-parts/actions/withdraw": acting("machine-parts/actions/withdraw", sparePart),
  "errands/actions/requeue": acting("errands/actions/requeue", ({ bench }) => aParkedErrand(bench.world)),
  "errands/actions/drop": acting("errands/actions/drop", ({ bench }) => aParkedErrand(bench.world), { reason: "gone" }),
  "mails/actions/resend": acting("mails/actions/resend", ({ bench }) => aParkedMail(bench.world)),
  "notices/actions/remove": { ...acting("notices/actions/remove", ({ scene }) => scene.desk.notice), spends: "each" },
  "bulks/actions/stop": acting("bulks/actions/stop", ({ bench, scene }) => aBulk(bench.world, scene.boss.person.id)),
  "self-tests/actions/run": acting("self-tests/actions/run", () => "database"),
};

const entries = (made: Readonly<Record<string, Request>>, keyOf: (name: string) => string): [string, Request][] =>
  Object.entries(made).map(([name, request]) => [keyOf(name), request]);

/** Everything under `/api/v1/admin/`. */
export const admin: Area = {
  table: [...lines.map(full), NOTICES].join("\n"),
  requests: {
    "GET /api/v1/notices/": get("/api/v1/notices/"),
    "GET /api/v1/admin/": get(`${ADMIN}/`),
    "GET /api/v1/admin/health/": get(`${ADMIN}/health/`),
    "POST /api/v1/admin/exports/:kind/": {
      ask: () => ({ path: `${ADMIN}/exports/events/`, body: { format: "csv", matching: {} } }),
    },
    ...Object.fromEntries(LISTS.map(name => [`GET ${ADMIN}/${name}/`, get(`${ADMIN}/${name}/?page_size=200`)])),
    ...Object.fromEntries(Object.entries(ONES).map(([name, id]) => [`GET ${ADMIN}/${name}/:id/`, one(name, id)])),
    ...Object.fromEntries(entries(CHANGES, name => `PATCH ${ADMIN}/${name}/:id/`)),
    ...Object.fromEntries(entries(ACTIONS, name => `POST ${ADMIN}/${name}/`)),
    "POST /api/v1/admin/people/": added("people", () => ({ username: unique(), email: "new@example.org" })),
    "POST /api/v1/admin/organisations/": added("organisations", () => ({ name: unique() })),
    "POST /api/v1/admin/faculties/": added("faculties", () => ({ name: unique(), organisation: 1 })),
    "POST /api/v1/admin/fields/": added("fields", () => ({ name: unique(), faculty: 1 })),
    "POST /api/v1/admin/machine-profiles/": added("machine-profiles", madeOf),
    "POST /api/v1/admin/machine-parts/": added("machine-parts", () => ({ kind: "os", provider: "vrw", name: unique() })),
    "POST /api/v1/admin/machines/actions/retry/ (nothing failed)": acting("machines/actions/retry", machine),
    "POST /api/v1/admin/notices/": added("notices", () => ({ text_en: "Disk is full", level: "warning" })),
    "PATCH /api/v1/admin/people/:id/ (a superuser)": changed("people", boss, { last_name: "Berg" }),
    "POST /api/v1/admin/people/actions/deactivate/ (a superuser)": superActing("people/actions/deactivate", freshBoss),
    "POST /api/v1/admin/people/actions/deactivate/ (oneself)": acting("people/actions/deactivate", oneself),
    "POST /api/v1/admin/people/actions/deactivate/ (many)": {
      ask: () => ({ path: `${ADMIN}/people/actions/deactivate/`, body: { matching: { search: "nobody-at-all" } } }),
    },
    "POST /api/v1/admin/people/actions/end-sessions/ (a superuser)": superActing("people/actions/end-sessions", freshBoss),
    "POST /api/v1/admin/people/actions/send-password-link/ (a superuser)": acting("people/actions/send-password-link", boss),
    "POST /api/v1/admin/people/actions/add-to-group/ (with rights)": acting("people/actions/add-to-group", other, standing => ({
      group: vrw(standing),
    })),
    "POST /api/v1/admin/people/actions/remove-staff/ (oneself)": acting("people/actions/remove-staff", oneself),
    "POST /api/v1/admin/people/actions/remove-superuser/ (oneself)": acting("people/actions/remove-superuser", oneself),
    "POST /api/v1/admin/people/actions/remove/ (a superuser)": superActing("people/actions/remove", freshBoss, password),
    "POST /api/v1/admin/people/actions/remove/ (oneself)": acting("people/actions/remove", oneself, password),
    "POST /api/v1/admin/groups/actions/add-member/ (with rights)": acting("groups/actions/add-member", vrw, members),
    "POST /api/v1/admin/sessions/actions/end/ (a superuser)": superActing(
      "sessions/actions/end",
      sessionOf({ isSuperuser: true }),
      {},
      ({ scene }) => sha256Hex(scene.boss.cookie),
    ),
    "POST /api/v1/admin/drops/actions/give-up/ (delivered)": superActing("drops/actions/give-up", ({ scene }) => scene.drop.id, {
      reason: "wrong",
    }),
    "POST /api/v1/admin/drops/actions/retry/ (delivered)": acting("drops/actions/retry", ({ scene }) => scene.drop.id),
    "PATCH /api/v1/admin/storages/:id/ (elsewhere, with the old password)": changed("storages", ({ scene }) => scene.storage, {
      location: "http://127.0.0.1:10/dav/",
    }),
    "POST /api/v1/admin/storages/actions/remove/ (in use)": acting("storages/actions/remove", ({ scene }) => scene.storage),
  },
};
