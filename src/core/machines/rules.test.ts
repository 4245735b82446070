import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GIB } from "../../kernel/units.ts";
import { readCatalogue } from "./catalogue-file.ts";
import { INITIAL_CATALOGUE } from "./initial.ts";
import type { MachineInput, Part, PartKind, ProfileView } from "./model.ts";
import { acceptParts, describeProfile, loginName, serverName, totalGpus, totalMemory, totalStorage } from "./rules.ts";

const NOW = new Date(0);
const aPart = (id: number, kind: PartKind, more: Partial<Part> = {}): Part => ({
  id,
  kind,
  provider: "vrw",
  name: `${kind} ${id}`,
  isAvailable: true,
  vmCode: "",
  unitValue: 0,
  networkType: undefined,
  createdAt: NOW,
  updatedAt: NOW,
  ...more,
});
const [OS, MEMORY, BLOCK, DISK, GPU, OTHER_GPU, INSIDE, CLOSED] = [1, 2, 3, 4, 5, 6, 7, 8];
const PARTS = new Map(
  [
    aPart(OS, "os"),
    aPart(MEMORY, "memory", { unitValue: 4 * GIB }),
    aPart(BLOCK, "memory", { unitValue: 16 * GIB }),
    aPart(DISK, "storage", { unitValue: 10 * GIB }),
    aPart(GPU, "gpu"),
    aPart(OTHER_GPU, "gpu"),
    aPart(INSIDE, "network"),
    aPart(CLOSED, "network", { isAvailable: false }),
  ].map(part => [part.id, part]),
);
const part = (id: number): Part => PARTS.get(id) as Part;
const PROFILE: ProfileView = {
  id: 1,
  provider: "vrw",
  name: "Small",
  isAvailable: true,
  cloudId: "",
  os: part(OS),
  memory: { part: part(MEMORY), amount: 2 },
  storage: { part: part(DISK), amount: 3 },
  gpu: { part: part(GPU), amount: 1 },
  networks: [part(INSIDE), part(CLOSED)],
  createdAt: NOW,
  updatedAt: NOW,
};
const NONE = { part: undefined, amount: 0 };
const anInput = (more: Partial<MachineInput> = {}): MachineInput => ({
  name: "M",
  provider: "vrw",
  study: 1,
  profile: 1,
  os: OS,
  baseMemory: { part: MEMORY, amount: 2 },
  baseStorage: { part: DISK, amount: 3 },
  extraMemory: NONE,
  extraStorage: NONE,
  extraGpu: NONE,
  ...more,
});
const accept = (more: Partial<MachineInput> = {}) => acceptParts(anInput(more), "vrw", { parts: PARTS, profile: PROFILE });
const refuses = (more: Partial<MachineInput>, fields: object): void =>
  assert.throws(
    () => accept(more),
    (error: { kind?: string; detail?: { fields?: unknown } }) => {
      assert.equal(error.kind, "invalid");
      assert.deepEqual(error.detail?.fields, fields);
      return true;
    },
  );

describe("what a machine may be made of", () => {
  it("has the networks of its profile that are still offered, unless others are named", () => {
    assert.deepEqual(accept().networkIds, [INSIDE]);
    assert.deepEqual(accept({ networks: [] }).networkIds, []);
    assert.deepEqual(accept({ networks: [INSIDE, INSIDE] }).networkIds, [INSIDE]);
    refuses({ networks: [CLOSED] }, { networks: ["This part is not available any more."] });
  });

  it("says everything that is wrong at once", () => {
    refuses(
      { os: 99, baseMemory: { part: DISK, amount: 0 }, extraStorage: { part: undefined, amount: 1 } },
      {
        operating_system: ['Invalid pk "99" - object does not exist.'],
        base_memory_type: [`Invalid pk "${DISK}" - object does not exist.`],
        base_memory_amount: ["Ensure this value is greater than or equal to 1."],
        additional_storage_type: ["Choose a type for this amount."],
      },
    );
  });

  it("what it has it may keep, also when that is not offered any more", () => {
    const before = { ...accept(), profileId: 1, networkIds: [CLOSED] } as unknown as Parameters<typeof acceptParts>[3];
    assert.deepEqual(acceptParts(anInput(), "vrw", { parts: PARTS, profile: PROFILE }, before).networkIds, [CLOSED]);
  });

  it("has GPUs of one kind", () => {
    refuses(
      { extraGpu: { part: OTHER_GPU, amount: 1 } },
      { additional_gpu_type: ["The profile comes with gpu 5: take more of these, or another profile."] },
    );
    assert.deepEqual(totalGpus({ extraGpu: { part: GPU, amount: 2 } }, PROFILE), { part: GPU, amount: 3 });
    assert.deepEqual(totalGpus({ extraGpu: NONE }, PROFILE), { part: GPU, amount: 1 });
    assert.deepEqual(totalGpus({ extraGpu: { part: OTHER_GPU, amount: 1 } }, { gpu: undefined }), { part: OTHER_GPU, amount: 1 });
    assert.deepEqual(totalGpus({ extraGpu: NONE }, undefined), NONE);
  });

  it("adds up: base and extra, each in its own units", () => {
    const made = accept({ extraMemory: { part: BLOCK, amount: 2 }, extraStorage: { part: DISK, amount: 4 } });
    assert.equal(totalMemory(made, PARTS), (2 * 4 + 2 * 16) * GIB);
    assert.equal(totalStorage(made, PARTS), 70 * GIB);
    assert.equal(describeProfile(PROFILE), "2 x memory 2 memory, 3 x storage 4 storage");
  });
});

describe("names", () => {
  it("of a login are those that Linux takes, as near to the researcher's as can be", () => {
    const cases = {
      "robin.vos": "robin-vos",
      "r.vos@example.org": "r-vos",
      "Zoë+Test": "zoe-test",
      root: "r-root",
      "1234": "r-1234",
      "...": "r",
      [`a${"b".repeat(60)}`]: `a${"b".repeat(31)}`,
      日本: "r",
    };
    for (const [username, login] of Object.entries(cases)) {
      assert.equal(loginName(username), login);
      assert.match(login, /^[a-z_][a-z0-9_-]{0,31}$/);
    }
  });

  it("of a server are host names", () => {
    assert.equal(serverName("My Analysis (2)", 7), "my-analysis-2-7");
    assert.equal(serverName("日本", 7), "machine-7");
    assert.equal(serverName("x".repeat(200), 7), `${"x".repeat(40)}-7`);
  });
});

describe("a catalogue as an operator writes it", () => {
  it("may be the initial one, written out", () => {
    assert.deepEqual(readCatalogue(JSON.stringify(INITIAL_CATALOGUE)), INITIAL_CATALOGUE);
  });

  it("is refused with the place of the mistake", () => {
    const os = { kind: "os", provider: "vrw", name: "Debian" };
    const small = { provider: "vrw", name: "S", os: "Debian", memory: ["M", 1], storage: ["S", 1], networks: [] };
    const cases: [unknown, RegExp][] = [
      ["{", /is no JSON/],
      [[], /the file must be an object/],
      [{ parts: [] }, /profiles must be a list/],
      [{ parts: [], profiles: [], more: 1 }, /the file has an unknown field "more"/],
      [{ parts: [{ ...os, vm_code: "x" }], profiles: [] }, /parts\[0\] has an unknown field "vm_code"/],
      [{ parts: [os, { ...os, kind: "cpu" }], profiles: [] }, /parts\[1\]\.kind must be one of memory, storage/],
      [{ parts: [{ ...os, provider: "aws" }], profiles: [] }, /parts\[0\]\.provider must be one of vrw, openstack/],
      [{ parts: [{ ...os, name: " " }], profiles: [] }, /parts\[0\]\.name must be a name/],
      [{ parts: [{ ...os, kind: "memory" }], profiles: [] }, /parts\[0\]\.unitValue must be a number above 0/],
      [{ parts: [{ ...os, kind: "network", unitValue: 1 }], profiles: [] }, /networkType must be one of private, public/],
      [{ parts: [{ ...os, isAvailable: "no" }], profiles: [] }, /isAvailable must be true or false/],
      [{ parts: [], profiles: [{ ...small, memory: "4 GB" }] }, /profiles\[0\]\.memory must be a name and a number/],
      [{ parts: [], profiles: [{ ...small, storage: ["S", 0] }] }, /storage\[1\] must be a whole number from 1 on/],
      [{ parts: [], profiles: [{ ...small, networks: [7] }] }, /networks\[0\] must be text/],
    ];
    for (const [data, message] of cases)
      assert.throws(() => readCatalogue(typeof data === "string" ? data : JSON.stringify(data)), { kind: "invalid", message });
  });
});
