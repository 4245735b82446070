import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigError, readConfig } from "./config.ts";

const PRODUCTION = { DEBUG: "0", SECRET_KEY: "x".repeat(40), PUBLIC_URL: "https://havre.example.org" };
const problemsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
};

describe("settings", () => {
  it("have defaults that work on a bare machine", () => {
    const config = readConfig({});
    assert.equal(config.port, 1337);
    assert.equal(config.publicUrl, "http://localhost:1337");
    assert.equal(config.dropoffBaseUrl, "http://localhost:1337/dropoffs/");
    assert.ok(config.demo);
  });

  it("are refused with the name and what is wrong, all at once", () => {
    const problems = problemsOf({
      PORT: "70000",
      TIME_ZONE: "Mars/Olympus",
      EGRESS_ALLOW: "10.0.0.0/8,x",
      DEBUG: "maybe",
      DROPOFF_MAX_SIZE: "big",
    });
    for (const name of ["PORT", "TIME_ZONE", "EGRESS_ALLOW", "DEBUG", "DROPOFF_MAX_SIZE"])
      assert.ok(
        problems.some(problem => problem.startsWith(name)),
        name,
      );
  });

  it("take the administration's addresses from a list, and from a file as nginx writes it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "havre-config-"));
    const file = join(folder, "admins");
    const read = async (text: string) => {
      await writeFile(file, text);
      return problemsOf({ NGINX_VALID_ADMIN_IP_LIST: file });
    };
    try {
      assert.deepEqual(await read("# us\nallow 192.0.2.0/24; # office\n\n  2001:db8::/32\ndeny all;\n"), []);
      const { adminAllow } = readConfig({ ADMIN_ALLOW: "10.1.2.3", NGINX_VALID_ADMIN_IP_LIST: file });
      assert.deepEqual(adminAllow, ["10.1.2.3", "192.0.2.0/24", "2001:db8::/32"]);
      assert.match((await read("allow all;"))[0] ?? "", /^NGINX_VALID_ADMIN_IP_LIST "all" is not an address/);
      assert.match((await read("10.0.0.1 10.0.0.2"))[0] ?? "", /is not an address/);
      assert.match((await read("# nobody\n"))[0] ?? "", /names a file without an address/);
    } finally {
      await rm(folder, { recursive: true });
    }
    assert.match(problemsOf({ NGINX_VALID_ADMIN_IP_LIST: "/nowhere/at/all" })[0] ?? "", /names a file that cannot be read/);
    assert.deepEqual(readConfig({}).adminAllow, []);
  });

  it("that contradict one another are refused", () => {
    assert.match(problemsOf({ TLS_CERT: "/x" }).join(), /TLS_CERT and TLS_KEY/);
    assert.match(problemsOf({ DROPOFF_API_HAWK_KEY: "abc" }).join(), /together/);
    assert.match(problemsOf({ DATABASE_URL: "mysql://x" }).join(), /DATABASE_URL/);
  });

  it("of the store of uploads name a folder, or a bucket with its keys", () => {
    const keys = { BLOB_ACCESS_KEY: "a", BLOB_SECRET_KEY: "s" };
    for (const good of ["s3://host/b", "s3+http://10.0.0.1:9000/b/f/", "s3://host/b?region=eu-1"])
      assert.deepEqual(problemsOf({ BLOB_URL: good, ...keys }), [], good);
    assert.deepEqual(problemsOf({ BLOB_URL: "file:///srv/uploads" }), []);
    for (const bad of ["/srv", "https://host/b", "s3://host", "s3://host/", "s3://u:p@host/b", "s3://host/b?x=1", "s3+ftp://h/b"])
      assert.match(problemsOf({ BLOB_URL: bad, ...keys }).join(), /^BLOB_URL must be/, bad);
    assert.match(problemsOf({ BLOB_URL: "s3://host/b" }).join(), /BLOB_ACCESS_KEY and BLOB_SECRET_KEY/);
  });

  it("of clusters name some of those that there are, and how they are reached", () => {
    assert.deepEqual(readConfig({}).computeClusters, ["local"]);
    const several = readConfig({ COMPUTE_CLUSTERS: " slurm, local", SLURM_SSH: "havre@login.example.org:2222" });
    assert.deepEqual(several.computeClusters, ["slurm", "local"]);
    assert.deepEqual(several.slurmSsh, { user: "havre", host: "login.example.org", port: 2222 });
    assert.deepEqual(readConfig({ SLURM_SSH: "[::1]:22" }).slurmSsh, { user: undefined, host: "::1", port: 22 });
    for (const bad of ["moon", "local,local", ",", "local docker"])
      assert.match(problemsOf({ COMPUTE_CLUSTERS: bad }).join(), /^COMPUTE_CLUSTERS must/, bad);
    for (const bad of ["-oProxyCommand=x", "a b", "user@", "host:port", "a@b@c"])
      assert.match(problemsOf({ SLURM_SSH: bad }).join(), /^SLURM_SSH must/, bad);
    for (const bad of ["tcp://10.0.0.1:2375", "http://10.0.0.1:2375", "/var/run/docker.sock"])
      assert.match(problemsOf({ DOCKER_URL: bad }).join(), /^DOCKER_URL must/, bad);
    assert.equal(readConfig({ SLURM_URL: "http://127.0.0.1:6820/" }).slurmUrl, "http://127.0.0.1:6820");
    for (const bad of ["http://slurm.example.org:6820", "https://h/path", "127.0.0.1:6820"])
      assert.match(problemsOf({ SLURM_URL: bad }).join(), /^SLURM_URL must/, bad);
    const far = { COMPUTE_CLUSTERS: "docker", DOCKER_URL: "https://engine.example.org:2376" };
    assert.match(problemsOf(far).join(), /ENGINE_CACERT, ENGINE_CERT and ENGINE_KEY/);
    assert.deepEqual(problemsOf({ ...far, ENGINE_CACERT: "/a", ENGINE_CERT: "/b", ENGINE_KEY: "/c" }), []);
    assert.deepEqual(problemsOf({ ...far, COMPUTE_CLUSTERS: "local" }), [], "an engine that nothing uses may be half told of");
  });

  it("of a production start may hold no sample and no empty secret", () => {
    assert.deepEqual(problemsOf(PRODUCTION), []);
    assert.match(problemsOf({ DEBUG: "0" }).join(), /SECRET_KEY/);
    assert.match(problemsOf({ ...PRODUCTION, ADMIN_PASSWORD: "password" }).join(), /ADMIN_PASSWORD/);
    assert.match(
      problemsOf({ ...PRODUCTION, DROPOFF_API_HAWK_KEY: "dDl6UmRt", DROPOFF_API_HAWK_SECRET: "y".repeat(32) }).join(),
      /DROPOFF_API_HAWK_KEY/,
    );
    assert.match(problemsOf({ ...PRODUCTION, PUBLIC_URL: "" }).join(), /PUBLIC_URL/);
  });

  it("take the broker's names", () => {
    const config = readConfig({
      DJANGO_ADMIN_NAME: "root",
      DROPOFF_NOT_ALLOWED_EXTENSIONS: "EXE, .ps1",
      NGINX_REAL_IP_SOURCE_IP: "10.0.0.1",
    });
    assert.equal(config.adminName, "root");
    assert.deepEqual(config.notAllowedExtensions, ["exe", "ps1"]);
    assert.deepEqual(config.trustedProxies, ["10.0.0.1"]);
  });

  it("never load the demo in production", () => assert.equal(readConfig({ ...PRODUCTION, DEMO: "1" }).demo, false));
});

describe("the setting REGISTRATION_DOMAINS", () => {
  const read = (REGISTRATION_DOMAINS: string, more: Record<string, string> = {}) =>
    readConfig({ REGISTRATION: "open", ACTIVATION_MAIL: "true", REGISTRATION_DOMAINS, ...more });

  it("is read in any spelling", () => {
    assert.deepEqual(read(" @RUG.nl, *.umcg.nl ,").registrationDomains, ["rug.nl", "*.umcg.nl"]);
  });

  it("is refused when it is no domain, and without activation by mail, which proves the address", () => {
    assert.throws(() => read("rug"), /"rug" is not a mail domain/);
    assert.throws(() => read("*rug.nl"), /is not a mail domain/);
    assert.throws(() => read("rug.nl", { ACTIVATION_MAIL: "false" }), /REGISTRATION_DOMAINS needs ACTIVATION_MAIL/);
    assert.doesNotThrow(() => read("rug.nl", { ACTIVATION_MAIL: "false", REGISTRATION: "closed" }));
  });
});
