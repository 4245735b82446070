import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Kind, LADDERS, type NamedKind, ROLE_NAMES, ROLES, type StandingOn } from "./model.ts";
import { allows, holds, roleNamed, type Verb } from "./rules.ts";

/** The lowest standing that may do it. */
const LOWEST: { readonly [K in Kind]: Readonly<Record<Verb<K>, StandingOn<K>>> } = {
  study: {
    "study.see": "member",
    "invitation.see": "member",
    "drop.see": "member",
    "task.create": "member",
    "invitation.change": "researcher",
    "order.own": "researcher",
    "resource.change": "researcher",
    "study.change": "administrator",
    "study.code": "administrator",
    "contributors.change": "administrator",
    "invitation.send": "administrator",
    "location.see": "administrator",
    "location.change": "administrator",
    "drop.retry": "administrator",
    "drop.prove": "administrator",
    "study.remove": "owner",
  },
  organisation: {
    "organisation.see": "visitor",
    "offerings.see": "support",
    "members.see": "support",
    "organisation.change": "owner",
    "study.create": "owner",
    "order.approve": "owner",
    "resource.options": "owner",
    "invoice.see": "owner",
    "offering.create": "owner",
  },
  offering: {
    "offering.see": "support",
    "offering.change": "manager",
    "resource.report": "manager",
    "offering.state": "owner",
    "offering.remove": "owner",
    "order.review": "owner",
    "resource.state": "owner",
    "managers.change": "owner",
  },
  system: {
    "system.see": "guest",
    "system.use": "user",
    "system.publish": "publisher",
    "system.change": "administrator",
    "system.keys": "owner",
    "system.remove": "owner",
  },
};

const KINDS = Object.keys(LADDERS) as Kind[];
const NAMED = Object.keys(ROLE_NAMES) as NamedKind[];

describe("the table of permissions", () => {
  for (const kind of KINDS)
    for (const [verb, lowest] of Object.entries(LOWEST[kind]))
      it(`${verb} is for the ${lowest} of the ${kind} and above`, () => {
        const ladder: readonly string[] = LADDERS[kind];
        const may = ladder.filter(standing => allows(kind, standing as StandingOn<typeof kind>, verb as Verb<typeof kind>));
        assert.deepEqual(may, ladder.slice(ladder.indexOf(lowest)));
      });

  it("gives nothing to whoever has no standing", () => {
    for (const kind of KINDS)
      for (const verb of Object.keys(LOWEST[kind])) assert.equal(allows(kind, undefined, verb as Verb<typeof kind>), false);
  });

  it("nobody gives a role above their own", () => {
    assert.deepEqual(
      ROLES.study.filter(role => holds("study", "researcher", role)),
      ["member", "researcher"],
    );
    assert.equal(holds("organisation", "visitor", "support"), false);
    assert.equal(holds("organisation", "owner", "owner"), true);
    assert.equal(holds("offering", undefined, "manager"), false);
  });

  it("each role has one name outside, and is found by it", () => {
    const names = NAMED.flatMap(kind => Object.entries(ROLE_NAMES[kind]).map(([role, name]) => ({ kind, role, name })));
    assert.equal(new Set(names.map(({ name }) => name)).size, names.length);
    for (const { kind, role, name } of names) assert.deepEqual(roleNamed(name), { kind, role });
    for (const unknown of ["", "CUSTOMER", "owner", "constructor"]) assert.equal(roleNamed(unknown), undefined);
  });
});
