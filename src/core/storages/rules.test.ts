import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HavreError } from "../../kernel/errors.ts";
import type { Engine } from "./model.ts";
import { acceptEngine, acceptLocation, addressProblem, isOtherServer, mustBeStorage } from "./rules.ts";

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

  it("names a bucket for S3, perhaps with a region", () => {
    for (const good of ["https://s3.example.org/b", "http://10.0.0.1:9000/b/f/", "https://h/b?region=eu-1"])
      assert.equal(addressProblem("S3", good), undefined, good);
    for (const bad of ["", "s3://b", "b", "sftp://h/b"]) assert.equal(addressProblem("S3", bad), "Enter a valid URL.", bad);
    for (const bad of ["https://h", "https://h/", "https://h//"])
      assert.match(addressProblem("S3", bad) ?? "", /Name the bucket/, bad);
    for (const bad of ["https://h/b?x=1", "https://h/b#x", "https://h/b?region=a&region=b"])
      assert.match(addressProblem("S3", bad) ?? "", /nothing behind it but/, bad);
    assert.match(addressProblem("S3", "https://h/b?region=a/b") ?? "", /no name of a region/);
    assert.match(addressProblem("S3", "https://u:p@h/b") ?? "", /Leave the user name/);
  });

  it("names a server and a folder for SFTP", () => {
    for (const good of ["sftp://h.example/data", "sftp://h:2222", "sftp://h/~/x", "sftp://[::1]/x"])
      assert.equal(addressProblem("SFTP", good), undefined, good);
    for (const bad of ["", "h:/x", "ssh://h/", "sftp:///x", "sftp://h/a b"])
      assert.match(addressProblem("SFTP", bad) ?? "", /such as sftp:\/\/server/, bad);
    assert.match(addressProblem("SFTP", "sftp://u@h/") ?? "", /Leave the user name/);
    assert.match(addressProblem("SFTP", "sftp://h/~/../x") ?? "", /'\.\.'/);
    assert.match(addressProblem("SFTP", "sftp://h/?x") ?? "", /without/);
  });

  it("names the API of a host and a repository for GITEA and GITHUB", () => {
    for (const good of [
      "https://git.example.org/api/v1#data",
      "https://api.github.com#lab/data.set-1",
      "http://10.0.0.1:3000/api/v1/#d/",
    ])
      for (const engine of ["GITEA", "GITHUB"] as const) assert.equal(addressProblem(engine, good), undefined, good);
    for (const bad of [
      "https://h/api/v1",
      "https://h#",
      "https://h/#a/b/c",
      "https://h#a b",
      "https://h?x#a",
      "https://h#a?x",
      "https://h#a%2Fb",
    ])
      assert.match(addressProblem("GITEA", bad) ?? "", /behind '#' the repository|Enter a valid URL/, bad);
    assert.match(addressProblem("GITHUB", "https://u:p@h#data") ?? "", /Leave the user name/);
    assert.match(addressProblem("GITHUB", "https://h") ?? "", /https:\/\/api\.github\.com#Repository/);
  });

  it("names a host and a zone for IRODS, perhaps a collection", () => {
    for (const good of ["irods.example.org[tempZone]", "10.0.0.1:1300[z]", "h[z]/home/project", "[::1][z]"])
      assert.equal(addressProblem("IRODS", good), undefined, good);
    for (const bad of ["", "h", "h[]", "https://h[z]", "u@h[z]", "h[z]x", "h[a b]", "h[z]/../x", "irods://h/z"])
      assert.match(addressProblem("IRODS", bad) ?? "", /the zone in brackets/, bad);
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
    ["FTP", true],
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
    fields(() => mustBeStorage(input, "WEBDAV", undefined)),
    { username: blank, password: blank },
  );
  mustBeStorage({ ...input, username: "u" }, "WEBDAV", { privateKeySealed: undefined });
  mustBeStorage({ ...input, address: "/srv" }, "FOLDER", undefined);
});

it("a private key takes a password's place at SFTP, and nowhere else", () => {
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
  const input = { name: "n", engine: "", address: "sftp://host/x", username: "u", password: "" };
  const before = { privateKeySealed: Buffer.from("sealed") };
  const blank = ["This field may not be blank."];
  mustBeStorage({ ...input, privateKey: key }, "SFTP", undefined);
  mustBeStorage(input, "SFTP", before);
  mustBeStorage({ ...input, privateKey: "", password: "p" }, "SFTP", before);
  const wrong = (more: object, engine: Engine, old?: typeof before) =>
    fields(() => mustBeStorage({ ...input, ...more }, engine, old));
  assert.deepEqual(wrong({ privateKey: "" }, "SFTP"), { password: blank });
  // What was kept beside the key is its passphrase.
  assert.deepEqual(wrong({ privateKey: "" }, "SFTP", before), { password: blank });
  assert.deepEqual(wrong({ address: "https://host/b" }, "S3", before), { password: blank });
  assert.match(wrong({ privateKey: "ssh-ed25519 AAAA" }, "SFTP").private_key?.[0] ?? "", /the whole private key/);
  assert.match(wrong({ address: "https://host/b", password: "p", privateKey: key }, "S3").private_key?.[0] ?? "", /Only SFTP/);
});

it("another server has another host key, another folder has not", () => {
  const before = { engine: "SFTP", address: "sftp://host/a" } as const;
  const to = (engine: string, address: string) => isOtherServer(before, { name: "", username: "", engine, address });
  assert.deepEqual(
    [to("SFTP", "sftp://host/b"), to("SFTP", "sftp://host:2222/a"), to("SFTP", "sftp://other/a"), to("WEBDAV", "https://host/a")],
    [false, true, true, true],
  );
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
