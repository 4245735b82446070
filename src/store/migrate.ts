import type { Kysely } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import { HavreError } from "../kernel/errors.ts";
import * as foundation from "./migrations/0001-foundation.ts";
import * as permissions from "./migrations/0002-permissions.ts";
import * as ledger from "./migrations/0008-ledger.ts";
import * as market from "./migrations/0009-market.ts";
import * as vre from "./migrations/0010-vre.ts";
import * as machines from "./migrations/0011-machines.ts";
import * as administration from "./migrations/0012-administration.ts";
import * as storages from "./migrations/0013-storages.ts";
import * as proofs from "./migrations/0014-proofs.ts";
import * as tasks from "./migrations/0015-tasks.ts";
import * as files from "./migrations/0016-files.ts";
import * as clients from "./migrations/0017-clients.ts";
import * as market2 from "./migrations/0018-market.ts";
import * as systems from "./migrations/0019-systems.ts";
import * as dav from "./migrations/0020-dav.ts";
import * as billing from "./migrations/0021-billing.ts";
import * as catalogue from "./migrations/0022-catalogue.ts";
import * as halves from "./migrations/0024-halves.ts";
import * as prices from "./migrations/0025-prices.ts";
import * as offeringFiles from "./migrations/0026-offering-files.ts";
import * as taskShares from "./migrations/0027-task-shares.ts";
import * as guarded from "./migrations/0028-guarded.ts";
import * as composed from "./migrations/0029-composed.ts";

/** Listed by hand, in order. A migration that has landed never changes; see docs/adding-a-migration.md. */
const MIGRATIONS: Record<string, Migration> = {
  "0001-foundation": foundation,
  "0002-permissions": permissions,
  "0008-ledger": ledger,
  "0009-market": market,
  "0010-vre": vre,
  "0011-machines": machines,
  "0012-administration": administration,
  "0013-storages": storages,
  "0014-proofs": proofs,
  "0015-tasks": tasks,
  "0016-files": files,
  "0017-clients": clients,
  "0018-market": market2,
  "0019-systems": systems,
  "0020-dav": dav,
  "0021-billing": billing,
  "0022-catalogue": catalogue,
  "0024-halves": halves,
  "0025-prices": prices,
  "0026-offering-files": offeringFiles,
  "0027-task-shares": taskShares,
  "0028-guarded": guarded,
  "0029-composed": composed,
};

const provider: MigrationProvider = { getMigrations: async () => MIGRATIONS };

/**
 * Brings the database to this version. Any number of processes may call it together: one does the work.
 * @returns names of the migrations that ran
 * @throws HavreError "unavailable" with the failing migration's name
 */
// biome-ignore lint/suspicious/noExplicitAny: the migrator asks for no particular schema
export async function migrate(db: Kysely<any>): Promise<string[]> {
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  const failed = results?.find(result => result.status === "Error");
  if (error)
    throw new HavreError("unavailable", `Migration ${failed?.migrationName ?? ""} failed: ${String(error)}`, { cause: error });
  return (results ?? []).map(result => result.migrationName);
}
