import type { AdministrationTables } from "./tables/administration.ts";
import type { ClientTables } from "./tables/clients.ts";
import type { DropTables } from "./tables/drops.ts";
import type { FileTables } from "./tables/files.ts";
import type { LedgerTables } from "./tables/ledger.ts";
import type { MachineTables } from "./tables/machines.ts";
import type { MarketTables } from "./tables/market.ts";
import type { OperationsTables } from "./tables/operations.ts";
import type { PeopleTables } from "./tables/people.ts";
import type { StudyTables } from "./tables/studies.ts";
import type { SystemTables } from "./tables/systems.ts";
import type { TaskTables } from "./tables/tasks.ts";

/** The tables as migrations leave them, one file per area. Only `src/store` imports it. */
export interface Database
  extends PeopleTables,
    StudyTables,
    DropTables,
    OperationsTables,
    MachineTables,
    LedgerTables,
    MarketTables,
    AdministrationTables,
    TaskTables,
    FileTables,
    ClientTables,
    SystemTables {}
