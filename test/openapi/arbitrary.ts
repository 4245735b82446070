import fc from "fast-check";
import type { Schema } from "../../src/http/route.ts";
import type { Asked } from "../permissions/ask.ts";
import { ACTORS, type ActorName, PASSWORD, type Scene } from "../permissions/scene.ts";
import type { Operation } from "./document.ts";

/** Requests for an operation, made from what its document says: mostly nearly right, so that they get far; some are nonsense. */
export interface Guess extends Pick<Asked, "path" | "headers" | "body"> {
  readonly as: ActorName;
}

/** What exists here: without it every request would end at "not found". */
export interface Known {
  readonly ids: readonly number[];
  readonly words: readonly string[];
  /** What a field of this name is given when it shall be right. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export const knownOf = (scene: Scene): Known => ({
  ids: [
    scene.study.id,
    scene.field,
    scene.storage,
    scene.spare,
    scene.location,
    scene.invitation.id,
    scene.invitation.used,
    scene.drop.id,
    scene.machines.id,
    scene.machines.queued,
    ...Object.values(scene.machines.catalogue),
    scene.tasks.pending,
    scene.tasks.created,
    scene.tasks.over,
    1,
    ...Object.values(scene.cast).map(({ person }) => person.id),
    scene.other.person.id,
  ],
  words: [
    scene.study.uuid,
    scene.study.code,
    scene.invitation.code,
    scene.drop.receipt,
    PASSWORD,
    scene.cast.owner.person.username,
    scene.cast.owner.person.email,
    scene.waiting.person.email,
    "WEBDAV",
    "http://127.0.0.1:9/dav/",
    "DESTINATION",
    "vrw",
    "openstack",
    scene.tasks.recipe,
    scene.tasks.project,
    "host",
    "pre-create",
    "post-finish",
  ],
  fields: {
    username: scene.cast.owner.person.username,
    password: PASSWORD,
    current_password: PASSWORD,
    new_password: "another-Horse-8-staple",
    email: scene.waiting.person.email,
    study: scene.study.id,
    field: scene.field,
    storage: scene.storage,
    code: scene.study.code,
    upload_code: scene.study.code,
    filename: "data.csv",
    engine: "WEBDAV",
    location: "http://127.0.0.1:9/dav/",
    researcher_id: scene.cast.owner.person.id,
    role: "ADMINISTRATOR",
    task: scene.tasks.pending,
    image: "host",
    script: "echo hello",
    project: scene.tasks.project,
    cluster: "",
    array: "1:10:2",
    after: [scene.tasks.pending],
    contributors: [scene.cast.member.person.id],
    recipients: [],
    provider: "openstack",
    ...scene.machines.parts,
    networks: [scene.machines.catalogue.network],
    ssh_public_key: "",
    ending_at: "2040-01-01",
    remote_id: "vm-1",
    virtual_machine_ip: "192.0.2.7",
    MetaData: { study: scene.study.uuid, upload_code: scene.study.code, filename: "data.csv", ip: "192.0.2.9" },
  },
});

/** Whose refusal must be as good as that of anything else. */
const NASTY = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\u202etxt.exe",
  "../../etc/passwd",
  "' or 1=1 --",
  "{{7*7}}",
  "<script>alert(1)</script>",
  "a@b",
  "x".repeat(5000),
  "é́́",
  "1e400",
  "-0",
  "99999999999999999999",
  "NaN",
  "last",
  "null",
];
const nastyText = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary" }),
);
const nastyNumber = fc.constantFrom(0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308);
const junk: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  nastyNumber,
  fc.constantFrom(null, true, false, [], {}, [[]], { __proto__: null, constructor: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
);

const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<unknown> = junk): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 7, arbitrary: good }, { weight: 1, arbitrary: bad });

function valuesOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map(one => valuesOf(one, known)));
  if (Array.isArray(schema.enum)) return mostly(fc.constantFrom(...schema.enum));
  const kind = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (kind === "integer") return mostly(fc.oneof(fc.constantFrom(...known.ids), fc.nat(300)));
  if (kind === "boolean") return mostly(fc.boolean());
  if (kind === "array") return mostly(fc.array(valuesOf((schema.items ?? {}) as Schema, known), { maxLength: 4 }));
  if (kind === "object") return mostly(objectOf(schema, known));
  if (kind === "null") return fc.constant(null);
  const text = fc.oneof(fc.constantFrom(...known.words), fc.string({ minLength: 1, maxLength: 60 }), fc.uuid());
  return mostly(schema.format === "email" ? fc.oneof(fc.emailAddress(), text) : text);
}

/** Every required field is there in most guesses; each may be missing in some. */
function objectOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const right = (name: string, inner: Schema): fc.Arbitrary<unknown> =>
    name in known.fields
      ? fc.oneof({ weight: 5, arbitrary: fc.constant(known.fields[name]) }, { weight: 1, arbitrary: valuesOf(inner, known) })
      : valuesOf(inner, known);
  const fields = Object.fromEntries(properties.map(([name, inner]) => [name, right(name, inner)]));
  const required = ((schema.required ?? []) as string[]).filter(name => name in fields);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(fields, { requiredKeys: required }) },
    { weight: 1, arbitrary: fc.record(fields, { requiredKeys: [] }) },
  );
}

const bodyOf = (schema: Schema, known: Known): fc.Arbitrary<{ body: unknown; headers: Record<string, string> }> => {
  const json = { "content-type": "application/json" };
  const asJson = (value: unknown) => ({ body: JSON.stringify(value), headers: json });
  const good = valuesOf(schema, known).map(asJson);
  const broken = fc.constantFrom("{", "nul", '{"a":', "[1,]", "﻿{}", "\u0000").map(text => ({ body: text, headers: json }));
  const typed = fc
    .constantFrom("text/csv", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "x")
    .map(type => ({ body: "a=1&a=2", headers: { "content-type": type } }));
  return fc.oneof(
    { weight: 12, arbitrary: good },
    { weight: 1, arbitrary: junk.map(value => asJson(value ?? null)) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: typed },
  );
};

const ofMachines = ({ machines: { catalogue, id } }: Scene, path: string): number => {
  const word = path.split("/virtualmachines/")[1]?.split("/")[0] ?? "";
  return word in catalogue ? catalogue[word as keyof typeof catalogue] : id;
};

/** Kinds of the administration that a scene has one of. */
const ofAdministration = ({ cast, study, invitation, storage, location, drop, field, desk, machines }: Scene, kind: string) =>
  ({
    people: cast.owner.person.id,
    groups: "vrw-api",
    locks: desk.lock,
    studies: study.id,
    fields: field,
    invitations: invitation.id,
    storages: storage,
    locations: location,
    drops: drop.id,
    notices: desk.notice,
    bulks: desk.bulk,
    "bulk-items": desk.item,
    "self-tests": "database",
    machines: machines.id,
    exports: "people",
  })[kind] ?? 1;

/** What the last word before a parameter names, in this scene. */
const meant = (scene: Scene, path: string, name: string): string | number => {
  const [, kind] = /\/admin\/([\w-]+)\//.exec(path) ?? [];
  if (kind !== undefined) return ofAdministration(scene, kind);
  if (name === "uuid") return scene.study.uuid;
  if (name === "secret") return scene.drop.receipt;
  if (name === "location") return scene.location;
  if (path.includes("/studies/")) return scene.study.id;
  if (path.includes("/invitations/")) return scene.invitation.id;
  if (path.includes("/storages/")) return scene.spare;
  if (path.includes("/dropoffs/")) return scene.drop.id;
  if (name === "provider") return "vrw";
  if (path.includes("/vrw/")) return scene.machines.queued;
  if (path.includes("/virtualmachines/")) return ofMachines(scene, path);
  return path.includes("/users/") ? scene.cast.owner.person.id : 1;
};

const hookName = fc.constantFrom("pre-create", "post-finish", "post-create", "");

export function guesses({ path, parameters = [], requestBody }: Operation, scene: Scene): fc.Arbitrary<Guess> {
  const known = knownOf(scene);
  const names = parameters.filter(parameter => parameter.in === "path").map(({ name }) => name);
  const places = fc.record(
    Object.fromEntries(
      names.map(name => [
        name,
        fc.oneof(
          { weight: 8, arbitrary: fc.constant(meant(scene, path, name)) },
          { weight: 1, arbitrary: fc.constantFrom(...known.ids, ...known.words) },
          { weight: 1, arbitrary: nastyText },
        ),
      ]),
    ),
  );
  const query = fc.array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(...parameters.filter(parameter => parameter.in === "query").map(({ name }) => name), "page", "x"),
        nastyText,
      ),
      fc.oneof(fc.constantFrom(...known.ids.slice(0, 4), "1", "last", "NEW", "true"), nastyText),
    ),
    { maxLength: 3 },
  );
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  const sent = schema ? bodyOf(schema, known) : fc.constant({ body: undefined, headers: {} });
  const as = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("owner" as const, "superuser" as const) },
    { weight: 1, arbitrary: fc.constantFrom(...ACTORS) },
  );
  return fc.record({ places, query, sent, as, hook: hookName }).map(({ places, query, sent, as, hook }) => {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encoded(String(places[name])));
    const asked = query.map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`).join("&");
    return {
      as,
      path: asked === "" ? filled : `${filled}?${asked}`,
      headers: { ...sent.headers, "hook-name": hook },
      ...(sent.body === undefined ? {} : { body: sent.body }),
    };
  });
}

/** Half a character cannot be written into an address. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed()).slice(0, 1500);
