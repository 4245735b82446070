import { changeStorage, handOverStorage, removeStorage, testStorage } from "../../storages/index.ts";
import {
  action,
  aLine,
  aLink,
  aSecret,
  blank,
  CREATED,
  changing,
  count,
  flag,
  kind,
  link,
  maybe,
  moment,
  owning,
  SORTED,
  text,
} from "../describe.ts";
import type { Told } from "../model.ts";

const MAX_ADDRESS = 1024;

export const storages = kind({
  name: "storages",
  object: "storage",
  section: "storage",
  relation: "storage",
  key: "number",
  title: "name",
  columns: {
    name: text(SORTED),
    engine: text({ filter: true }),
    location: text({ from: "address" }),
    username: text(),
    owner: link("people", "owner_id"),
    studies: count("location", "storage_id"),
    createdAt: CREATED,
    updatedAt: moment(),
  },
  list: ["name", "engine", "location", "owner", "studies", "createdAt"],
  search: ["name", "address"],
  change: changing(
    { name: aLine(), location: aLine(MAX_ADDRESS), username: blank(aLine(MAX_ADDRESS)), password: maybe(aSecret()) },
    (world, actor, { id, location: address, ...input }) =>
      changeStorage(world, owning(actor), { id, input: { ...input, ...(address === undefined ? {} : { address }) } }),
  ),
  actions: {
    test: action(
      async (world, actor, { id }): Promise<Told> => ({ says: (await testStorage(world, owning(actor), id)).message }),
      { single: true },
    ),
    "hand-over": action((world, actor, { id, owner }) => handOverStorage(world, actor, { id, owner }), {
      who: "superuser",
      asks: { owner: aLink("people") },
      danger: true,
    }),
    remove: action((world, actor, { id }) => removeStorage(world, owning(actor), id), { danger: true }),
  },
});

/** Which study delivers where. Changed in the study itself. */
export const locations = kind({
  name: "locations",
  object: "location",
  section: "storage",
  relation: "place",
  key: "number",
  title: "storage_name",
  columns: {
    storage: link("storages", "storage_id"),
    study: link("studies", "study_id"),
    path: text(),
    uploadPath: text(),
    hasPassphrase: flag(),
    createdAt: CREATED,
  },
  list: ["storage", "study", "path", "uploadPath", "hasPassphrase", "createdAt"],
  search: ["storage_name", "path"],
  actions: {},
});
