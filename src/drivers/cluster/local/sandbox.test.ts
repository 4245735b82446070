import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MIB } from "../../../kernel/units.ts";
import { ClusterBench, processesWith, SLOWNESS } from "../../../ports/cluster.suite.ts";
import { bwrapMissing, openSmallLocal, removeSmallLocal } from "./local.fixture.ts";

const LIMIT_MS = 90_000 * SLOWNESS;
const isRoot = process.getuid?.() === 0;

/** What somebody tries who wants out, or wants the machine for themselves. */
for (const cages of ["auto", "rlimits"] as const)
  describe(`the sandbox contains (${cages})`, { skip: bwrapMissing(), concurrency: 4 }, () => {
    let home: string;
    let bench: ClusterBench;
    let secrets: string;
    before(async () => {
      home = await mkdtemp(join(isRoot ? "/srv" : tmpdir(), "havre-sandbox-")); // /tmp is not seen anyway
      secrets = join(home, "opt", "secrets");
      await mkdir(secrets, { recursive: true, mode: 0o777 });
      await chmod(join(home, "opt"), 0o755);
      await writeFile(join(home, "opt", "tool"), "shown", { mode: 0o644 });
      await chmod(secrets, 0o777);
      await writeFile(join(secrets, "key"), "the-secret-key", { mode: 0o666 });
      bench = new ClusterBench(
        await openSmallLocal(home, { cages, hidden: [secrets], hostPaths: [join(home, "opt")] }),
        LIMIT_MS,
      );
    });
    after(async () => {
      await removeSmallLocal(home, bench.cluster);
    });
    const test = (sentence: string, run: () => Promise<void>): void => void it(sentence, { timeout: LIMIT_MS }, run);
    const greet = (socket: Socket): void => void socket.on("error", () => {}).end("reached");
    const mounts = { network: "none" } as const;

    test("a fork bomb, which ends with the run", async () => {
      const word = `bomb-${bench.newId()}`;
      const script = `echo on >sign; b() { sh -c 'sleep 30' ${word} & b | b & }; b; while :; do :; done`;
      const workload = await bench.submit(bench.workload(script, { limits: { processes: 30, walltimeSeconds: 5 } }));
      await bench.sign(workload, "sign");
      // The machine goes on: another run begins and ends meanwhile.
      assert.equal((await bench.run("echo fine")).out, "fine\n");
      const seen = await bench.ended(workload.id);
      assert.ok(["walltime", "exit"].includes(seen.end?.cause ?? ""), JSON.stringify(seen));
      assert.deepEqual(await processesWith(word), []);
    });

    test("a memory hog, in memory files too", async () => {
      for (const eat of ["head -c 200000000 /dev/zero >/tmp/big", "head -c 200000000 /dev/zero >/dev/shm/big"]) {
        const { seen } = await bench.run(`${eat} && echo whole`, { limits: { memoryBytes: 32 * MIB, diskBytes: 512 * MIB } });
        assert.ok(seen.end?.cause === "memory" || seen.end?.exitCode !== 0, JSON.stringify(seen));
      }
    });

    test("one huge file, and many small ones", async () => {
      const limits = { diskBytes: 4 * MIB };
      const huge = await bench.run("exec head -c 100000000 /dev/zero >huge", { limits });
      assert.equal(huge.seen.end?.cause, "disk", JSON.stringify(huge.seen));
      assert.ok((await stat(join(huge.workload.directory, "huge"))).size <= 5 * MIB);
      const script = "mkdir -p a/b/c; i=0; while :; do i=$((i+1)); head -c 40000 /dev/zero >a/b/c/$i; sleep 0.01; done";
      assert.equal((await bench.run(script, { limits })).seen.end?.cause, "disk");
    });

    test("a filled scratch room", async () => {
      const scratch = { bytes: 4 * MIB, mount: "/scratch" };
      const script = "i=0; while :; do i=$((i+1)); head -c 40000 /dev/zero >/scratch/$i; sleep 0.005; done";
      assert.equal((await bench.run(script, { scratch, limits: { diskBytes: 4 * MIB } })).seen.end?.cause, "disk");
    });

    test("output without end, on both streams", async () => {
      for (const stream of ["", " >&2"]) {
        const limits = { outputBytes: MIB, diskBytes: 256 * MIB };
        const { seen } = await bench.run(`while :; do echo 0123456789012345678901234567890123456789; done${stream}`, { limits });
        assert.equal(seen.end?.cause, "output");
      }
    });

    test("the machine's files: nothing of homes, services, other runs or secrets is seen", async () => {
      const other = await bench.run("echo private >private");
      const looks = [
        "/root",
        "/home",
        "/etc/shadow",
        "/etc/ssh",
        "/sys",
        "/boot",
        "/run",
        "/mnt",
        secrets,
        join(home, "state"),
        other.workload.directory,
      ]
        .map(path => `ls -A ${path} 2>&1 | grep -v 'No such file' | sed 's|^|${path}: |'`)
        .join("; ");
      const { out } = await bench.run(
        `${looks}; cat ${home}/opt/tool; echo; ls -A ${home}; cat ${secrets}/key; grep -rs the-secret-key / --include=key; cat /etc/passwd | wc -l`,
        mounts,
      );
      assert.match(out, /^shown\nopt\n[0-3]\n$/, out);
    });

    test("the machine's processes: none is seen, none can be told anything", async () => {
      const { out } = await bench.run(
        `ls -d /proc/[0-9]* | wc -l; kill -0 ${process.pid} 2>/dev/null && echo reached; cat /proc/1/comm`,
      );
      const [count, comm] = out.trim().split("\n");
      assert.ok(Number(count) < 10 && comm === "bwrap", out);
    });

    test("everything but its directory, volumes and temporary files is read-only", async () => {
      const only = await bench.folder();
      const volumes = [{ source: only, mount: "/data", readOnly: true }];
      const script = `for f in / /bin /usr /usr/bin /etc /lib /dev /home /data /var /run /proc/sys /proc/sys/kernel /opt; do
        (echo x >$f/x) 2>/dev/null && echo "wrote to $f"; done
      for f in /etc/passwd /etc/hosts /proc/sysrq-trigger /proc/sys/kernel/core_pattern /usr/bin/env; do (echo x >>$f) 2>/dev/null && echo "wrote to $f"; done
      touch /tmp/x /dev/shm/x x && echo fine`;
      assert.equal((await bench.run(script, { volumes })).out, "fine\n");
    });

    test("rights: it is nobody special, and gets nothing by programs that give more", async () => {
      const script = `grep -E '^(CapEff|CapBnd|CapAmb|NoNewPrivs):' /proc/self/status | tr -d '\\t\\n'; echo
      id -u; ls /proc/self/fd | tr '\\n' ' '; echo; (su -c id root || mount -t tmpfs x /tmp || unshare -U id || unshare -r id || chroot / id || mknod /tmp/d b 8 0 || mount --bind /etc /tmp || nsenter -t 1 -m id || chown root /tmp) 2>/dev/null && echo got more`;
      const { out } = await bench.run(script);
      const zero = "0000000000000000";
      assert.equal(out.split("\n")[0], `CapEff:${zero}CapBnd:${zero}CapAmb:${zero}NoNewPrivs:1`);
      // Standard input, both outputs, the folder that is listed; and what whoever started us left open for every child.
      const left = (out.split("\n")[2] ?? "")
        .trim()
        .split(" ")
        .filter(fd => Number(fd) > 3);
      for (const fd of left) assert.match(await readlink(`/proc/self/fd/${fd}`).catch(() => "ours"), /^(pipe|socket):/);
      assert.doesNotMatch(out, /got more/);
    });

    test("doors of the kernel that sandboxes were left by", async () => {
      const calls = {
        keyctl: "250, 0, -3, 0",
        bpf: "321, 0, 0, 0",
        perf_event_open: "298, 0, 0, -1, -1, 0",
        userfaultfd: "323, 0",
        io_uring_setup: "425, 1, 0",
        unshare: "272, 0x10000000",
        clone_x32: "0x40000000 + 56, 0",
      };
      const script = Object.entries(calls)
        .map(([name, args]) => `perl -e 'print "${name} ", (syscall(${args}) < 0 ? "refused $!" : "open"), "\\n"'`)
        .join("; ");
      const { out } = await bench.run(script);
      assert.equal(out.split("\n").filter(line => line.includes("refused")).length, Object.keys(calls).length, out);
    });

    test("sockets of services: in the file system, abstract, and on the loopback", async () => {
      const servers = [join(secrets, ".s.PGSQL.5432"), `\0havre-test-${process.pid}`].map(path =>
        createServer(greet).listen({ path }),
      );
      const tcp = createServer(greet).listen(0, "0.0.0.0");
      await Promise.all([...servers, tcp].map(server => server.listening || once(server, "listening")));
      const { port } = tcp.address() as { port: number };
      const unix = (path: string) =>
        `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un("${path}")) and print "reached ${path.slice(-5)}\\n"'`;
      const inet = (host: string) =>
        `timeout ${2 * SLOWNESS} perl -MIO::Socket::INET -e 'print IO::Socket::INET->new("${host}:${port}") ? "reached ${host}\\n" : ""'`;
      const script = [
        unix(join(secrets, ".s.PGSQL.5432")),
        unix(`\\0havre-test-${process.pid}`),
        inet("127.0.0.1"),
        inet("0.0.0.0"),
        inet("localhost"),
      ].join("; ");
      try {
        for (const network of bench.cluster.can.networks) {
          const { out } = await bench.run(`${script}; echo end`, { network });
          if (network === "host") assert.match(out, /reached 127\.0\.0\.1/);
          else assert.equal(out, "end\n", network);
        }
      } finally {
        for (const server of [...servers, tcp]) server.close();
      }
    });

    test("links that lead out of the directory, when outputs are read", async () => {
      for (const target of ["/etc/shadow", "/etc/passwd", join(secrets, "key")]) {
        const workload = await bench.submit(
          bench.workload(`rm -f out.log; ln -s ${target} out.log; rm -f err.log; mkfifo err.log`),
        );
        await bench.ended(workload.id);
        for (const stream of ["stdout", "stderr"] as const)
          await assert.rejects(bench.bytes(workload, stream), { kind: "not-found" });
      }
    });

    test("directories and volumes that would show what is hidden", async () => {
      const link = join(bench.opened.folder, `link-${cages}`);
      await symlink(secrets, link);
      const volume = (source: string) => ({ volumes: [{ source, mount: "/data", readOnly: true }] });
      const parts = [
        volume(secrets),
        volume(join(secrets, "key")),
        volume(home),
        volume("/"),
        volume(join(home, "state")),
        volume(link),
        { directory: link },
        { directory: join(link, "below") },
        { directory: join(home, "state", "runs") },
      ];
      for (const part of parts)
        await assert.rejects(bench.submit(bench.workload("true", part)), { kind: "invalid" }, JSON.stringify(part));
      assert.deepEqual(
        (await readdir(secrets)).filter(name => !name.startsWith(".")),
        ["key"],
      );
    });

    test("mount points in the machine's own system or over the kernel's", async () => {
      for (const mount of ["/", "/proc", "/dev/x", "/sys", "/usr/bin", "/etc/passwd", "/bin"])
        await assert.rejects(bench.submit(bench.workload("true", { mount })), { kind: "invalid" }, mount);
    });

    test("what others of the machine may know: no secret of the environment is in a command line or a readable file", async () => {
      const word = `secret-${bench.newId()}`;
      const workload = await bench.submit(bench.workload("echo on >sign; sleep 30", { environment: { WORD: word } }));
      await bench.sign(workload, "sign");
      assert.deepEqual(await processesWith(word), []);
      const folder = join(home, "state", "runs", workload.id);
      for (const name of await readdir(folder))
        if ((await lstat(join(folder, name))).isFile() && (await readFile(join(folder, name), "latin1")).includes(word))
          assert.equal((await stat(join(folder, name))).mode & 0o077, 0, name);
      await bench.cluster.kill([{ id: workload.id }], bench.signal);
    });

    test("a command that ends its sandbox's own processes", async () => {
      const word = `word-${bench.newId()}`;
      const { seen } = await bench.run(`sh -c 'while :; do sleep 1; done' ${word} & kill -9 -1; kill -9 1; exit 6`);
      assert.ok(["exit", "killed"].includes(seen.end?.cause ?? ""), JSON.stringify(seen));
      assert.deepEqual(await processesWith(word), []);
    });

    test("another account's files, where Havre runs as root", async () => {
      if (!isRoot) return;
      const file = join(await bench.folder(), "mine");
      await writeFile(file, "mine", { mode: 0o600 });
      const volumes = [{ source: file, mount: "/tmp/mine", readOnly: false }];
      const { out, err } = await bench.run("cat /tmp/mine; echo x >/tmp/mine", { volumes });
      assert.deepEqual([out, await readFile(file, "utf8")], ["", "mine"], err);
    });
  });

it("refuses to start where there is no bubblewrap", { skip: bwrapMissing() }, async () => {
  const home = await mkdtemp(join(tmpdir(), "havre-nobwrap-"));
  try {
    const { cluster } = await openSmallLocal(home, { programs: join(home, "none") });
    await assert.rejects(cluster.check(new AbortController().signal), { kind: "unavailable", retry: "never" });
    const bench = new ClusterBench(
      {
        cluster,
        again: async () => cluster,
        folder: join(home, "shared"),
        account: { uid: 20_001, gid: 20_001, groups: [], asRoot: false },
        image: "host",
      },
      5000,
    );
    await assert.rejects(bench.submit(bench.workload("echo free")), { kind: "unavailable", message: /bubblewrap|bwrap/ });
    assert.deepEqual(await readdir(join(home, "shared")), []);
    await removeSmallLocal(home, cluster);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
