import fastify, { type FastifyInstance } from "fastify";
import { openStorageBelow } from "../../../test/harness/open-storage.ts";
import { loadOrganisations } from "../../core/organisations/index.ts";
import { actorOf, type NewPerson, NOBODY, type Person } from "../../core/people/model.ts";
import { aPerson, peopleBench } from "../../core/people/people.fixture.ts";
import type { Settings, World } from "../../core/world.ts";
import { Believed } from "../../http/address.ts";
import type { SignInRequest } from "../../http/dialect.ts";
import { mount } from "../../http/mount.ts";
import type { TestClock } from "../../kernel/clock.ts";
import { invitationRoutes } from "./invitations.ts";
import { machinePartRoutes } from "./machine-parts.ts";
import { machineRoutes } from "./machines.ts";
import { admit } from "./sign-in.ts";
import { storageRoutes } from "./storages.ts";
import { studyRoutes } from "./studies.ts";
import { universityRoutes } from "./universities.ts";
import { refuse } from "./wire.ts";
import { workspaceRoutes } from "./workspaces.ts";

/** The routes of studies, invitations, storages, universities and machines on a server of their own, for tests. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server said
  readonly body: any;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Undefined is nobody. */
export type Caller = Person | undefined;

export interface StudiesServer {
  readonly world: World;
  readonly clock: TestClock;
  readonly field: number;
  call(as: Caller, method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: unknown): Promise<Answer>;
  person(wanted?: Partial<NewPerson>): Promise<Person>;
  /** A study of the owner, with these people in it. */
  study(
    owner: Person,
    wanted?: Readonly<Record<string, unknown>>,
    people?: Readonly<Record<string, Person>>,
  ): Promise<Answer["body"]>;
  storage(owner: Person, wanted?: Readonly<Record<string, unknown>>): Promise<Answer["body"]>;
  events(kind: string, id: number): Promise<string[]>;
  close(): Promise<void>;
}

export const ORGANISATIONS = [
  {
    name: "Groningen",
    faculties: [
      { name: "Arts", fields: ["History", "Linguistics"] },
      { name: "Law", fields: [] },
    ],
  },
  { name: "Delft", faculties: [{ name: "Physics", fields: ["Optics"] }] },
];

export const studiesServer = (...folderRoots: readonly string[]): Promise<StudiesServer> => studiesServerWith({ folderRoots });

export async function studiesServerWith({
  folderRoots = [],
  settings = {},
}: {
  readonly folderRoots?: readonly string[];
  readonly settings?: Partial<Settings>;
}): Promise<StudiesServer> {
  const bench = await peopleBench();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const world: World = { ...bench.with(settings), openStorage: openStorageBelow(...folderRoots), log };
  await loadOrganisations(world, ORGANISATIONS);
  const { id: field } = await world.store.db
    .selectFrom("study_field")
    .select("id")
    .where("name", "=", "History")
    .executeTakeFirstOrThrow();
  const persons = new Map<number, Person>();
  const app = await serve(world, persons);

  const call: StudiesServer["call"] = async (as, method, url, body) => {
    const reply = await app.inject({
      method,
      url,
      headers: {
        host: "localhost:1337",
        ...(as ? { "x-person": String(as.id) } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const answer = { status: reply.statusCode, body: reply.body === "" ? undefined : JSON.parse(reply.body) };
    // Beside the answer, so that answers are compared without their headers.
    return Object.defineProperty(answer, "headers", { value: reply.headers, enumerable: false }) as Answer;
  };
  const made = async (as: Person, url: string, body: unknown): Promise<Answer["body"]> => {
    const answer = await call(as, "POST", url, body);
    if (answer.status >= 300) throw new Error(`${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

  return {
    world,
    clock: bench.world.clock,
    field,
    call,
    async person(wanted) {
      const person = await aPerson(bench.world, { password: undefined, ...wanted });
      persons.set(person.id, person);
      return person;
    },
    async study(owner, wanted = {}, roles = {}) {
      const study = await made(owner, "/api/v1/studies/", { code: "S", name: "A study", human_subject: false, field, ...wanted });
      const list = Object.entries(roles).map(([role, person]) => ({ researcher_id: person.id, role: role.toUpperCase() }));
      if (list.length > 0)
        await made(owner, `/api/v1/studies/${study.id}/contributors/`, [
          { researcher_id: owner.id, role: "ADMINISTRATOR" },
          ...list,
        ]);
      return study;
    },
    storage: (owner, wanted = {}) =>
      made(owner, "/api/v1/storages/", {
        name: "Disk",
        engine: "WEBDAV",
        location: "https://dav.example.org/files/",
        username: "u",
        password: "top secret",
        ...wanted,
      }),
    async events(kind, id) {
      const rows = await world.store.db
        .selectFrom("event")
        .select(["verb"])
        .where("object_kind", "=", kind)
        .where("object_id", "=", String(id))
        .orderBy("id")
        .execute();
      return rows.map(row => row.verb);
    },
    async close() {
      await app.close();
      await bench.close();
    },
  };
}

async function serve(world: World, persons: ReadonlyMap<number, Person>): Promise<FastifyInstance> {
  const app = fastify({ routerOptions: { ignoreTrailingSlash: true } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    request.rawBody = body as Buffer;
    done(null, undefined);
  });
  app.setValidatorCompiler(() => () => true);
  app.decorateRequest("rawBody", undefined);
  app.decorateRequest("signReply", undefined);
  const routes = [
    ...universityRoutes,
    ...studyRoutes,
    ...invitationRoutes,
    ...storageRoutes,
    ...machinePartRoutes,
    ...machineRoutes,
    ...workspaceRoutes,
  ];
  const dialect = {
    name: "vre",
    routes,
    admit,
    refuse,
    // How somebody signs in is not the matter here: a header says who it is.
    async signIn(_world: World, { headers }: SignInRequest) {
      const person = persons.get(Number(headers["x-person"]));
      return { actor: person ? actorOf(person) : NOBODY };
    },
  };
  mount(app, world, dialect, new Believed([]));
  return app;
}
