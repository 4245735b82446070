import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HavreError } from "../../kernel/errors.ts";
import { acceptEngine, acceptLocation, addressProblem, mustBeStorage } from "./rules.ts";

const fields = (act: () => unknown): Record<string, string[]> => {
  try {
    act();
  } catch (error) {
    return (error as HavreError).detail.fields as Record<string, string[]>;
  }
  throw new Error("was accepted");
};

describe("the address of a storage", () => {
  it("is an http or https URL of a folder for WEBDAV", () => {
    for (const good of [
      "https://host/remote.php/dav/files/",
      "http://10.0.0.1:8080",
      "https://[::1]/x",
      "https://host/caf%C3%A9/é/",
    ])
      assert.equal(addressProblem("WEBDAV", good), undefined, good);
    for (const bad of [
      "",
      "host/path",
      "//host/x",
      "ftp://host/",
      "file:///etc",
      "https:host",
      "https://",
      "https:///x",
      "http://a b/",
      "https:\\\\host",
      "javascript:alert(1)",
    ])
      assert.equal(addressProblem("WEBDAV", bad), "Enter a valid URL.", bad);
    assert.match(addressProblem("WEBDAV", "https://host/?a=1") ?? "", /without '\?'/);
    assert.match(addressProblem("WEBDAV", "https://host/#a") ?? "", /without '\?' or '#'/);
  });

  it("carries no user name or password", () => {
    for (const bad of ["https://u:p@host/", "https://u@host/", "https://@host/", "https://:p@host/"])
      assert.match(addressProblem("WEBDAV", bad) ?? "", /Leave the user name and the password out/, bad);
  });

  it("is an absolute path without detours for FOLDER", () => {
    assert.equal(addressProblem("FOLDER", "/srv/data"), undefined);
    for (const bad of ["", "data", "./data", "/srv/../etc", "/srv/./x", "~/x", "C:\\x", "file:///srv"])
      assert.match(addressProblem("FOLDER", bad) ?? "", /absolute path/, bad);
  });
});

it("a folder of the server is offered only to who runs it; to others the word means nothing", () => {
  assert.equal(acceptEngine("WEBDAV", false), "WEBDAV");
  assert.equal(acceptEngine("FOLDER", true), "FOLDER");
  for (const [name, isStaff] of [
    ["FOLDER", false],
    ["webdav", true],
    ["IRODS", true],
    ["__proto__", true],
  ] as const)
    assert.deepEqual(
      fields(() => acceptEngine(name, isStaff)),
      { engine: [`"${name}" is not a valid choice.`] },
    );
});

it("a user and a password are needed where somebody signs in, the password only once", () => {
  const input = { name: "n", engine: "", address: "https://host/", username: "", password: "" };
  const blank = ["This field may not be blank."];
  assert.deepEqual(
    fields(() => mustBeStorage(input, "WEBDAV", true)),
    { username: blank, password: blank },
  );
  mustBeStorage({ ...input, username: "u" }, "WEBDAV", false);
  mustBeStorage({ ...input, address: "/srv" }, "FOLDER", true);
});

describe("the folders of a location", () => {
  const input = { storage: 1, direction: "DESTINATION", path: "", uploadPath: "" };

  it("are normalised, also when they look absolute", () => {
    assert.deepEqual(acceptLocation({ ...input, path: "/a//b/ c /", uploadPath: "./x\\y" }), {
      path: "a/b/c",
      uploadPath: "x/y",
    });
  });

  it("lead nowhere else", () => {
    for (const bad of ["..", "a/../../etc", "..\\x", "a/\u0000", "a\nb", "x/\u202etxt", "é".repeat(200)]) {
      assert.match(fields(() => acceptLocation({ ...input, path: bad })).path?.[0] ?? "", /may not contain/, bad);
      assert.match(fields(() => acceptLocation({ ...input, uploadPath: bad })).uploadpath?.[0] ?? "", /may not contain/, bad);
    }
  });

  it("are destinations only", () => {
    assert.match(fields(() => acceptLocation({ ...input, direction: "SOURCE" })).direction?.[0] ?? "", /SOURCE is not supported/);
    assert.deepEqual(
      fields(() => acceptLocation({ ...input, direction: "X" })),
      { direction: ['"X" is not a valid choice.'] },
    );
  });
});
