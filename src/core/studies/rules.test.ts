import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { newIdentity } from "../../kernel/age/index.ts";
import type { HavreError } from "../../kernel/errors.ts";
import { acceptRecipients, invitationLink, isProtected, mustBeLines, mustBeList, placeChanges, windowed } from "./rules.ts";

const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return JSON.stringify((error as HavreError).detail.fields);
  }
  throw new Error("was accepted");
};

describe("recipients of a study", () => {
  it("public keys are kept in one spelling, each once", () => {
    const { recipient } = newIdentity();
    assert.deepEqual(acceptRecipients([recipient, ` ${recipient.toUpperCase()}\n`]), [recipient]);
    assert.deepEqual(acceptRecipients([]), []);
  });

  it("a private key is refused loudly, wherever it hides, and its text is in no message", () => {
    const { identity, recipient } = newIdentity();
    for (const text of [identity, identity.toLowerCase(), `# public key: ${recipient}\n${identity}\n`, `x${identity}`]) {
      const words = refusal(() => acceptRecipients([recipient, text]));
      assert.match(words, /PRIVATE key.*not stored/);
      assert.ok(!words.toUpperCase().includes(identity.slice(16, 40)));
    }
  });

  it("what is no age key is refused in words", () => {
    const { recipient } = newIdentity();
    assert.match(
      refusal(() => acceptRecipients(["ssh-ed25519 AAAA"])),
      /SSH keys cannot be used/,
    );
    assert.match(
      refusal(() => acceptRecipients([recipient.slice(0, -1)])),
      /copied whole/,
    );
  });
});

it("data about people is protected by recipients, or by a passphrase at every location", () => {
  const study = (humanSubject: boolean, ...recipients: string[]) => ({ humanSubject, recipients });
  assert.equal(isProtected(study(false), 3), true);
  assert.equal(isProtected(study(true), 0), true);
  assert.equal(isProtected(study(true), 1), false);
  assert.equal(isProtected(study(true, "age1x"), 1), true);
});

describe("a list of contributors that replaces another", () => {
  const before = [
    { person: 1, role: "administrator", active: true },
    { person: 2, role: "researcher", active: true },
    { person: 3, role: "member", active: false },
  ] as const;

  it("is told apart into who came, who changed and who went", () => {
    const changes = placeChanges(before, [
      { person: 1, role: "administrator" },
      { person: 3, role: "researcher" },
      { person: 4, role: "member" },
    ]);
    assert.deepEqual(changes, {
      added: [{ person: 4, role: "member", active: true }],
      changed: [{ person: 3, role: "researcher", active: false }],
      removed: [before[1]],
    });
  });

  it("keeps the roles of those who were in and makes newcomers researchers when it names no roles", () => {
    const { added, changed, removed } = placeChanges(before, [{ person: 1 }, { person: 2 }, { person: 3 }, { person: 9 }]);
    assert.deepEqual([added, changed, removed], [[{ person: 9, role: "researcher", active: true }], [], []]);
  });

  it("must have an administrator, the owner as one, and nobody twice", () => {
    const refused = (...list: Parameters<typeof mustBeList>[0][number][]) => refusal(() => mustBeList(list, 1));
    assert.match(refused(), /At least one contributor/);
    assert.match(refused({ person: 2, role: "administrator" }), /owner of the study must stay/);
    assert.match(refused({ person: 1, role: "member" }, { person: 2, role: "administrator" }), /owner of the study must stay/);
    assert.match(refused({ person: 1, role: "administrator", active: false }), /At least one contributor/);
    assert.match(refused({ person: 1, role: "administrator" }, { person: 1, role: "member" }), /only once/);
    mustBeList([{ person: 1, role: "administrator" }, { person: 2 }], 1);
  });
});

it("names are one line without hidden characters", () => {
  for (const name of ["a\r\nBcc: x@y.nl", "a\nb", "a\u0000b", "a\u2028b", "a\u202eb", "a\u0085b"])
    assert.match(
      refusal(() => mustBeLines({ name })),
      /"name":\["This field may not contain line breaks/,
    );
  mustBeLines({ name: "世界 – naïve «été» 😀", code: "" });
});

it("a window on a list counts from the start, or is the last one", () => {
  const all = [1, 2, 3, 4, 5];
  assert.deepEqual(windowed(all, { offset: 2, limit: 2 }), { total: 5, items: [3, 4] });
  assert.deepEqual(windowed(all, { offset: -1, limit: 2 }), { total: 5, items: [5] });
  assert.deepEqual(windowed(all, { offset: 10, limit: 2 }), { total: 5, items: [] });
  assert.deepEqual(windowed([], { offset: -1, limit: 2 }), { total: 0, items: [] });
});

it("an invitation's link has its code in the fragment only", () => {
  const link = new URL(invitationLink("https://havre.example.org/dropoffs/", "0f0f", "AB CD"));
  assert.deepEqual([link.pathname, link.search, link.hash], ["/dropoffs/0f0f/", "", "#code=AB%20CD"]);
});
