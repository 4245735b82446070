import { endSession, liftLock, revokeToken, setMembership } from "../../people/index.ts";
import type { PersonId } from "../../people/model.ts";
import { action, aLink, choice, flag, kind, link, moment, number, SORTED, text } from "../describe.ts";

/** A group is there while somebody is in it. */
export const groups = kind({
  name: "groups",
  object: "group",
  section: "people",
  relation: "people_group",
  key: "text",
  title: "name",
  columns: { name: text(SORTED), members: number(SORTED) },
  list: ["name", "members"],
  search: ["name"],
  actions: {
    "add-member": action(
      (world, actor, { id, person }: { id: string; person: number }) => setMembership(world, actor, id, person as PersonId, true),
      { asks: { person: aLink("people") } },
    ),
    "remove-member": action(
      (world, actor, { id, person }: { id: string; person: number }) =>
        setMembership(world, actor, id, person as PersonId, false),
      { asks: { person: aLink("people") } },
    ),
  },
});

/** Hawk ids and the beginnings of API tokens: enough to find one, too little to use it. */
export const tokens = kind({
  name: "tokens",
  object: "token",
  section: "people",
  relation: "token_facts",
  key: "number",
  title: "key",
  columns: {
    key: text({ filter: true }),
    kind: choice(["hawk", "api", "key"]),
    person: link("people", "person_id"),
    lastUsedAt: moment({ sort: "nullable" }),
    createdAt: moment(SORTED),
  },
  list: ["key", "kind", "person", "lastUsedAt", "createdAt"],
  search: ["key"],
  actions: {
    revoke: action((world, actor, { id }) => revokeToken(world, actor, { id }), { who: "superuser", danger: true }),
  },
});

export const sessions = kind({
  name: "sessions",
  object: "session",
  section: "people",
  relation: "live_session",
  key: "text",
  title: "ip",
  columns: {
    person: link("people", "person_id"),
    ip: text({ filter: true }),
    userAgent: text(),
    createdAt: moment(SORTED),
    expiresAt: moment(SORTED),
  },
  list: ["person", "ip", "userAgent", "createdAt", "expiresAt"],
  search: ["ip", "user_agent"],
  order: "-createdAt",
  actions: { end: action((world, actor, { id }: { id: string }) => endSession(world, actor, { id })) },
});

/** What failed too often, or is counted so that it does not. */
export const locks = kind({
  name: "locks",
  object: "lock",
  section: "people",
  relation: "lock",
  key: "text",
  title: "subject",
  columns: {
    subject: text({ filter: true }),
    counted: text({ filter: true }),
    isLocked: flag(),
    failures: number(SORTED),
    lastAt: moment(SORTED),
    lockedUntil: moment({ sort: "nullable" }),
  },
  list: ["subject", "isLocked", "failures", "lastAt", "lockedUntil"],
  search: ["subject"],
  order: "-lastAt",
  usual: { isLocked: "true" },
  actions: { lift: action((world, actor, { id }: { id: string }) => liftLock(world, actor, { subject: id })) },
});
