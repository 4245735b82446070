import { freshDatabase } from "../../../test/harness/database.ts";
import { testSettings } from "../../../test/harness/settings.ts";
import { TestClock } from "../../kernel/clock.ts";
import { Secrets } from "../../kernel/secrets.ts";
import { mails } from "../../store/mails.ts";
import { people } from "../../store/people.ts";
import { Store } from "../../store/store.ts";
import type { Needs, Settings, World } from "../world.ts";
import { createPerson } from "./accounts.ts";
import { type NewPerson, type Person, SYSTEM } from "./model.ts";
import { hashPassword } from "./passwords.ts";

/** For tests of this area: a world with a database of its own and a clock that stands still. */
export type PeopleWorld = Needs<"store" | "secrets" | "settings"> & { readonly clock: TestClock };

const SETTINGS = testSettings({ registration: "open" });

export interface PeopleBench {
  readonly world: PeopleWorld;
  /** The same database under other settings. */
  with(settings: Partial<Settings>): World;
  close(): Promise<void>;
}

export async function peopleBench(): Promise<PeopleBench> {
  const database = await freshDatabase();
  const onError = (): void => {}; // the database is dropped while idle connections are open
  const store = new Store({ connection: database.connection, maxConnections: 8, onError });
  const world: PeopleWorld = { store, clock: new TestClock(), secrets: new Secrets("a secret for tests"), settings: SETTINGS };
  return {
    world,
    with: settings => ({ ...world, settings: { ...SETTINGS, ...settings } }) as unknown as World,
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

export const GOOD_PASSWORD = "correct-Horse-7-battery";
let count = 0;

/** A person who is unlike any other; the password is {@link GOOD_PASSWORD}. */
export async function aPerson(
  world: PeopleWorld,
  wanted: Partial<NewPerson> & { password?: string | undefined } = {},
): Promise<Person> {
  const username = wanted.username ?? `person-${++count}`;
  const passwordHash =
    "password" in wanted && wanted.password === undefined ? undefined : await hashPassword(wanted.password ?? GOOD_PASSWORD);
  const person = { username, email: `${username}@example.org`, ...wanted };
  return world.store.transaction(tx => createPerson(tx, world, SYSTEM, person, passwordHash));
}

/** The links of the mails to an address, newest first: what its reader would open. */
export async function linksTo(world: PeopleWorld, email: string): Promise<{ purpose: string; uid: string; token: string }[]> {
  const { items } = await mails(world.store.db).page({ offset: 0, limit: 1000 });
  return items
    .filter(mail => mail.recipient === email)
    .map(mail => /\/account\/(\w+)\/([\w-]+)\/([\w-]+)/.exec(mail.text))
    .flatMap(match => (match ? [{ purpose: match[1] ?? "", uid: match[2] ?? "", token: match[3] ?? "" }] : []));
}

export const accountNamed = (world: PeopleWorld, username: string) => people(world.store.db).accountByName(username);
