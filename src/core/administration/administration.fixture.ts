import { sql } from "kysely";
import { actorOf, type PersonActor, SYSTEM } from "../people/model.ts";
import { aPerson, type PeopleBench, type PeopleWorld, peopleBench } from "../people/people.fixture.ts";
import type { World } from "../world.ts";
import { kindNamed } from "./kinds.ts";
import type { Choice, ListAsked } from "./model.ts";

/** For tests of this area: a world with a database of its own, one of the staff, a superuser and a plain person. */
export interface AdministrationBench extends Omit<PeopleBench, "world"> {
  readonly world: World & PeopleWorld;
  readonly staff: PersonActor;
  readonly boss: PersonActor;
  readonly person: PersonActor;
  /** Events about an object, oldest first. */
  events(object: string, id: number | string): Promise<readonly { verb: string; actor: string; data: unknown }[]>;
}

export async function administrationBench(): Promise<AdministrationBench> {
  const bench = await peopleBench();
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const world = { ...bench.world, log } as unknown as World & PeopleWorld;
  const make = async (more: object) => actorOf(await aPerson(world, { password: undefined, ...more }));
  return {
    ...bench,
    world,
    staff: await make({ username: "staff", isStaff: true }),
    boss: actorOf(await aPerson(world, { username: "boss", isSuperuser: true })),
    person: await make({ username: "plain" }),
    async events(object, id) {
      return world.store.db
        .selectFrom("event")
        .select(["verb", "actor", "data"])
        .where("object_kind", "=", object)
        .where("object_id", "=", String(id))
        .orderBy("id")
        .execute();
    },
  };
}

/** So many rows of people, quickly: "crowd-1" and on, every tenth of them inactive. */
export async function aCrowd({ store }: Pick<World, "store">, many: number): Promise<void> {
  await sql`insert into person (username, email, first_name, last_name, is_active)
    select 'crowd-' || n, 'crowd-' || n || '@example.org', 'First' || n % 97, 'Last' || n % 89, n % 10 <> 0
    from generate_series(1, ${many}::int) n`.execute(store.db);
}

const EVERYTHING: Choice = { search: "", filters: [] };
/** Everything, by the kind's own order, ten at a time. */
export const asked = (more: Partial<ListAsked> = {}): ListAsked => ({ ...EVERYTHING, sort: "", limit: 10, ...more });
export const PEOPLE = kindNamed("people");
export { SYSTEM };
