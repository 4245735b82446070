import { randomBytes } from "node:crypto";
import { announceDrop, finishDrop } from "../../src/core/drops/index.ts";
import { createPerson } from "../../src/core/people/accounts.ts";
import { rotateApiToken } from "../../src/core/people/index.ts";
import { type Account, actorOf, type HawkPair, type NewPerson, type Person, SYSTEM } from "../../src/core/people/model.ts";
import { hashPassword } from "../../src/core/people/passwords.ts";
import { hawkPairOf } from "../../src/core/people/tokens.ts";
import { addLocation, createStorage } from "../../src/core/storages/index.ts";
import { createInvitation, createStudy } from "../../src/core/studies/index.ts";
import type { Study } from "../../src/core/studies/model.ts";
import { newSecretId } from "../../src/kernel/ids.ts";
import { sha256Hex } from "../../src/kernel/secrets.ts";
import { people } from "../../src/store/people.ts";
import { permissions } from "../../src/store/permissions.ts";
import type { Bench, BenchWorld } from "./bench.ts";
import { aDesk, type Desk } from "./desk.ts";
import { aMachineScene, type MachineScene } from "./machines.ts";
import { aTaskScene, type TaskScene } from "./tasks.ts";

/** Everybody who may stand before a route. `former` is an administrator of the study who was switched off. */
export const ACTORS = [
  "nobody",
  "inactive",
  "stranger",
  "former",
  "vrw",
  "staff",
  "member",
  "researcher",
  "administrator",
  "owner",
  "superuser",
] as const;
export type ActorName = (typeof ACTORS)[number];
export type Signed = Exclude<ActorName, "nobody">;

export interface Somebody {
  readonly person: Person;
  /** Opaque API token. */
  readonly token: string;
  readonly hawk: HawkPair;
  /** A session in which this person is signed in. */
  readonly cookie: string;
  readonly csrf: string;
}

/** A study with all that belongs to it, and everybody who stands around it. Every secret in it is unlike any other text. */
export interface Scene {
  readonly cast: Readonly<Record<Signed, Somebody>>;
  /** Bystanders whose accounts are acted upon: an ordinary one, a superuser, and one who waits for their activation. */
  readonly other: Somebody;
  readonly boss: Somebody;
  readonly waiting: Somebody;
  readonly desk: Desk;
  readonly field: number;
  readonly study: { readonly id: number; readonly uuid: string; readonly code: string };
  /** The study delivers to `storage`; to `spare` nobody does. Both are the owner's. */
  readonly storage: number;
  readonly spare: number;
  readonly location: number;
  /** `used` brought the drop. */
  readonly invitation: { readonly id: number; readonly code: string; readonly used: number };
  readonly drop: { readonly id: number; readonly receipt: string };
  /** Of a study beside: one with machines cannot be removed. */
  readonly machines: MachineScene;
  readonly storagePassword: string;
  readonly passphrase: string;
  readonly tasks: TaskScene;
}

export const PASSWORD = "correct-Horse-7-battery";
let passwordHash: Promise<string> | undefined;
/** One for all, as making it takes long: what every account's hash is. */
export const hashOfPassword = (): Promise<string> => {
  passwordHash ??= hashPassword(PASSWORD);
  return passwordHash;
};

const mark = (what: string): string => `${what}-${randomBytes(9).toString("hex")}`;

export type DropState = "delivered" | "failed" | "waiting";

/** @param state of the one drop of the study */
export async function aScene({ world }: Bench, state: DropState = "delivered"): Promise<Scene> {
  const { id: field, faculty_id } = await world.store.db
    .selectFrom("study_field")
    .selectAll()
    .orderBy("id")
    .limit(1)
    .executeTakeFirstOrThrow();
  const faculty = { facultyId: faculty_id as NonNullable<Person["facultyId"]> };
  const make = (more: Partial<NewPerson> = {}): Promise<Somebody> => somebody(world, { ...faculty, ...more });
  const [inactive, stranger, former, vrw, staff, member, researcher, administrator, owner, superuser] = await Promise.all([
    make({ isActive: false }),
    make(),
    make(),
    make({ groups: [world.settings.vrwGroup] }),
    make({ isStaff: true }),
    make(),
    make(),
    make(),
    make(),
    make({ isSuperuser: true }),
  ]);
  const cast = { inactive, stranger, former, vrw, staff, member, researcher, administrator, owner, superuser };
  const [other, boss, waiting] = await Promise.all([make(), make({ isSuperuser: true }), make({ isActive: false })]);
  const desk = await aDesk(world, superuser.person);
  const study = await aStudy(world, cast, field, state);
  const tasks = await aTaskScene(world, cast.owner.person, study.study.id);
  return { cast, other, boss, waiting, desk, ...study, tasks };
}

export const newSomebody = ({ world }: Bench, more: Partial<NewPerson> = {}): Promise<Somebody> => somebody(world, more);

async function somebody(world: BenchWorld, more: Partial<NewPerson>): Promise<Somebody> {
  const username = mark("person");
  const hash = await hashOfPassword();
  const [cookie, csrf] = [newSecretId(), newSecretId()];
  const person = await world.store.transaction(async tx => {
    const made = await createPerson(tx, world, SYSTEM, { username, email: `${username}@example.org`, ...more }, hash);
    const session = { id_hash: sha256Hex(cookie), person_id: made.id, csrf_token: csrf, expires_at: new Date(Date.now() + 1e9) };
    await tx.insertInto("session").values(session).execute();
    return made;
  });
  const hawk = await hawkPairOf(world.store.db, world, person.id);
  if (!hawk) throw new Error("An account without a Hawk token.");
  return { person, token: await rotateApiToken(world, SYSTEM, person.id), hawk, cookie, csrf };
}

async function aStudy(
  world: BenchWorld,
  cast: Scene["cast"],
  field: number,
  state: DropState,
): Promise<Omit<Scene, "cast" | "other" | "boss" | "waiting" | "desk" | "tasks">> {
  const owner = actorOf(cast.owner.person);
  const study = await studyOf(world, cast, field);
  const [storagePassword, passphrase] = [mark("storage-password"), mark("passphrase")];
  // Nobody listens there: what is tried on it fails at once.
  const dav = { engine: "WEBDAV", address: "http://127.0.0.1:9/dav/", username: "u", password: storagePassword };
  const storage = await createStorage(world, owner, { ...dav, name: "used" });
  const spare = await createStorage(world, owner, { ...dav, name: "spare" });
  const where = { storage: storage.id, direction: "DESTINATION", path: "", uploadPath: "", passphrase };
  const { location } = await addLocation(world, owner, { study: study.id, input: where });
  const invite = (name: string) => createInvitation(world, owner, { study: study.id, name, email: "dana@example.org" });
  const [fresh, used] = [await invite("Dana"), await invite("Dan")];
  const drop = await aDrop(world, study.uploadUuid, used.invitation.uploadCode, state);
  return {
    field,
    study: { id: study.id, uuid: study.uploadUuid, code: study.uploadCode },
    storage: storage.id,
    spare: spare.id,
    location: location.id,
    invitation: { id: fresh.invitation.id, code: fresh.invitation.uploadCode, used: used.invitation.id },
    drop,
    machines: await aMachineScene(world, cast.researcher.person, (await studyOf(world, cast, field)).id, {
      loginKey: mark("login-key"),
      password: mark("machine-password"),
    }),
    storagePassword,
    passphrase,
  };
}

/** The owner's, with everybody in it. */
async function studyOf(world: BenchWorld, cast: Scene["cast"], field: number): Promise<Study> {
  const input = { code: "T", name: mark("study"), description: "", humanSubject: false, field };
  const { study } = await createStudy(world, actorOf(cast.owner.person), input);
  const place = (who: Signed, role: "administrator" | "researcher" | "member", active = true) => ({
    studyId: study.id,
    personId: cast[who].person.id,
    role,
    active,
  });
  await permissions(world.store.db).put([
    place("member", "member"),
    place("researcher", "researcher"),
    place("administrator", "administrator"),
    place("former", "administrator", false),
  ]);
  return study;
}

const DELIVERY = { delivered: ["done", "DONE"], failed: ["parked", "ERROR"], waiting: ["queued", "UPLOADED"] } as const;

async function aDrop(world: BenchWorld, studyUuid: string, uploadCode: string, state: DropState): Promise<Scene["drop"]> {
  const said = {
    studyUuid,
    uploadCode,
    filename: "data.csv",
    folder: "",
    mediaType: "text/csv",
    sizeBytes: 5,
    declaredSha256: undefined,
    ip: "192.0.2.1",
    language: "en" as const,
    blobKey: newSecretId(),
  };
  return world.store.transaction(async tx => {
    const { dropId, receiptSecret } = await announceDrop(tx, world, said);
    await finishDrop(tx, world, dropId, { sizeBytes: 5, sha256: sha256Hex("12345") });
    const [delivery, drop] = DELIVERY[state];
    const copy = state === "delivered" ? { final_path: "data.csv", sent_sha256: sha256Hex("12345") } : {};
    await tx
      .updateTable("delivery")
      .set({ state: delivery, ...copy })
      .where("drop_id", "=", dropId)
      .execute();
    const blob = state === "delivered" ? { blob_key: null } : {};
    await tx
      .updateTable("drop")
      .set({ status: drop, ...blob })
      .where("id", "=", dropId)
      .execute();
    return { id: dropId, receipt: receiptSecret };
  });
}

/** With what signing a one-use link needs. */
export async function accountOf({ world }: Bench, { person }: Somebody): Promise<Account> {
  const account = await people(world.store.db).accountById(person.id);
  if (!account) throw new Error("The account is gone.");
  return account;
}
