import { notFound } from "../../kernel/errors.ts";
import { groups, locks, sessions, tokens } from "./kinds/access.ts";
import { bulkItems, bulks, selfTests } from "./kinds/bulks.ts";
import { deliveries, drops } from "./kinds/drops.ts";
import { machineParts, machineProfiles, machines, workspaces } from "./kinds/machines.ts";
import { errands, events, mails, notices } from "./kinds/operations.ts";
import { faculties, fields, organisations } from "./kinds/organisations.ts";
import { people } from "./kinds/people.ts";
import { locations, storages } from "./kinds/storages.ts";
import { contributors, invitations, studies } from "./kinds/studies.ts";
import type { Column, Kind, ListedColumn, Listing } from "./model.ts";

/** All kinds, listed by hand, in the order of the menu. */
export const KINDS: readonly Kind[] = [
  people,
  groups,
  sessions,
  locks,
  tokens,
  organisations,
  faculties,
  fields,
  studies,
  contributors,
  invitations,
  drops,
  storages,
  locations,
  deliveries,
  machines,
  workspaces,
  machineProfiles,
  machineParts,
  errands,
  mails,
  events,
  notices,
  bulks,
  bulkItems,
  selfTests,
];

const BY_NAME: ReadonlyMap<string, Kind> = new Map(KINDS.map(kind => [kind.name, kind]));

/** @throws HavreError "not-found" */
export function kindNamed(name: string): Kind {
  const kind = BY_NAME.get(name);
  if (!kind) throw notFound();
  return kind;
}

/** "lastSignInAt" is "last_sign_in_at" in the database and on the wire. */
export const snake = (name: string): string => name.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

const listings = new WeakMap<Kind, Listing>();

/** What the store needs to list a kind. */
export function listingOf(kind: Kind): Listing {
  const known = listings.get(kind);
  if (known) return known;
  const { relation, key, title, columns, search = [] } = kind;
  const listed = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, listedColumn(name, column)]));
  const listing = { relation, key, title, columns: listed, search };
  listings.set(kind, listing);
  return listing;
}

function listedColumn(name: string, { to, from = snake(name), ...column }: Column): ListedColumn {
  const target = to === undefined ? undefined : BY_NAME.get(to);
  return { ...column, from, to: target && { relation: target.relation, title: target.title } };
}
