import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { freshDatabase, type TestDatabase } from "../../../test/harness/database.ts";
import { Store } from "../../store/store.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "./index.ts";

describe("loadOrganisations", () => {
  let database: TestDatabase;
  let store: Store;
  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 4, onError: () => {} });
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  const count = async (table: "organisation" | "faculty" | "study_field"): Promise<number> =>
    (await store.db.selectFrom(table).select("id").execute()).length;

  it("loads all of the initial ones, also by two processes at once, and a second time changes nothing", async () => {
    const load = () => loadOrganisations({ store }, INITIAL_ORGANISATIONS);
    const [one, two] = await Promise.all([load(), load()]);
    const faculties = INITIAL_ORGANISATIONS.flatMap(organisation => organisation.faculties);
    const fields = faculties.flatMap(faculty => faculty.fields);
    assert.equal(one + two, fields.length);
    assert.equal(await load(), 0);
    const counts = [await count("organisation"), await count("faculty"), await count("study_field")];
    assert.deepEqual(counts, [INITIAL_ORGANISATIONS.length, faculties.length, fields.length]);
  });
});
