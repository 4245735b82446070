import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AccountNames } from "./account-names.ts";

describe("names of accounts for Slurm", () => {
  const { signal } = new AbortController();
  const LINES: Readonly<Record<string, string>> = {
    "passwd 1000": "dana:x:1000:1000::/home/dana:/bin/sh\n",
    "group 1000": "staff-2:x:1000:dana\n",
    "passwd 1001": "2000:x:1001:1000::/:/bin/sh\n",
    "passwd 1002": "other:x:9:9::/:/bin/sh\n",
    "passwd 1003": "o d d:x:1003:9::/:/bin/sh\n",
  };

  it("says names, and numbers where there is none or it could be meant otherwise", async () => {
    let asked = 0;
    const names = new AccountNames(async ([, list, number]) => {
      asked++;
      const line = LINES[`${list} ${number}`];
      if (line === undefined) throw new Error("getent ended with 2");
      return line;
    });
    assert.deepEqual(await names.words({ uid: 1000, gid: 1000 }, signal), ["--uid=dana", "--gid=staff-2"]);
    assert.deepEqual(await names.words({ uid: 1000, gid: 1000 }, signal), ["--uid=dana", "--gid=staff-2"]);
    assert.equal(asked, 2, "each is asked for once");
    for (const uid of [1001, 1002, 1003, 1004])
      assert.deepEqual(await names.words({ uid, gid: 7 }, signal), [`--uid=${uid}`, "--gid=7"]);
  });
});
