import { INITIAL_CATALOGUE, loadCatalogue } from "../core/machines/index.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../core/organisations/index.ts";
import { addPerson } from "../core/people/index.ts";
import { actorOf, type Person, SYSTEM } from "../core/people/model.ts";
import { addLocation, createStorage } from "../core/storages/index.ts";
import { createInvitation, createStudy } from "../core/studies/index.ts";
import type { World } from "../core/world.ts";
import { demoFacts } from "../store/demo.ts";
import { loadDemoMarket } from "./market.ts";

/** What the demo shows on its first page, so that a newcomer can walk it. */
export interface Demo {
  readonly dropOffUrl: string;
  readonly uploadCode: string;
  readonly passphrase: string;
  readonly accounts: readonly { readonly username: string; readonly password: string; readonly role: string }[];
}

export interface DemoStorages {
  /** The encrypted copies go here. */
  readonly drive: {
    readonly engine: "WEBDAV" | "FOLDER";
    readonly address: string;
    readonly username: string;
    readonly password: string;
  };
  readonly folder: string;
}

const PASSPHRASE = "harbour-lantern-demo";
const ACCOUNTS = [
  {
    username: "admin",
    password: "lighthouse-keeper-7",
    role: "administrator",
    firstName: "Ada",
    lastName: "Admin",
    email: "admin@example.org",
  },
  {
    username: "researcher",
    password: "tidal-lantern-42",
    role: "researcher, owns the demo study",
    firstName: "Robin",
    lastName: "Researcher",
    email: "researcher@example.org",
  },
] as const;

/** Fills an empty database: people, an organisation, a study with two storages, an invitation. Does nothing when people are there. */
export async function loadDemo(world: World, storages: DemoStorages): Promise<Demo> {
  if ((await demoFacts(world.store.db)).people === 0) await fill(world, storages);
  const { uploadUuid, invitationCode } = await demoFacts(world.store.db);
  return {
    dropOffUrl: uploadUuid
      ? `${world.settings.dropoffBaseUrl}${uploadUuid}/#code=${invitationCode ?? ""}`
      : world.settings.publicUrl,
    uploadCode: invitationCode ?? "",
    passphrase: PASSPHRASE,
    accounts: ACCOUNTS.map(({ username, password, role }) => ({ username, password, role })),
  };
}

async function fill(world: World, { drive, folder }: DemoStorages): Promise<void> {
  await loadOrganisations(world, INITIAL_ORGANISATIONS);
  await loadCatalogue(world, INITIAL_CATALOGUE, false);
  const { facultyId, organisationId, fieldId } = await demoFacts(world.store.db);
  const people: Person[] = [];
  for (const { username, password, firstName, lastName, email } of ACCOUNTS)
    people.push(
      await addPerson(
        world,
        SYSTEM,
        {
          username,
          email,
          firstName,
          lastName,
          organisationId,
          facultyId,
          isStaff: username === "admin",
          isSuperuser: username === "admin",
        },
        password,
      ),
    );
  const [admin, researcher] = people.map(actorOf);
  if (!admin || !researcher || fieldId === undefined) return;

  const study = await createStudy(world, researcher, {
    code: "DEMO-1",
    name: "Sleep and daylight",
    description: "Recordings of sleep in different daylight, from people all over the country. Thank you for taking part.",
    humanSubject: false,
    field: fieldId,
  });
  const dav = await createStorage(world, drive.engine === "FOLDER" ? admin : researcher, { name: "University drive", ...drive });
  const disk = await createStorage(world, admin, {
    name: "Folder on this server",
    engine: "FOLDER",
    address: folder,
    username: "",
    password: "",
  });
  await addLocation(world, admin, {
    study: study.study.id,
    input: { storage: dav.id, direction: "DESTINATION", path: "sleep", uploadPath: "incoming", passphrase: PASSPHRASE },
  });
  await addLocation(world, admin, {
    study: study.study.id,
    input: { storage: disk.id, direction: "DESTINATION", path: "sleep", uploadPath: "", passphrase: "" },
  });
  await loadDemoMarket(world, admin);
  await createInvitation(world, researcher, {
    study: study.study.id,
    name: "Dana Provider",
    email: "dana@example.org",
    language: "en",
  });
}
