import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { MIB } from "../kernel/units.ts";
import { type Behaviour, type ClusterBench, isThere, processesWith } from "./cluster.suite.ts";
import { type Cluster, LOG_PIECE_BYTES, type Workload, type WorkloadId } from "./cluster.ts";

const always = (): boolean => true;
const does = (sentence: string, run: Behaviour["run"], needs: Behaviour["needs"] = always, slow = false): Behaviour => ({
  sentence,
  needs,
  slow,
  run,
});
const usage =
  (name: keyof Cluster["can"]["usage"] | string) =>
  ({ can }: Cluster): boolean =>
    can.usage.some(known => known === name);

/** Runs until it is ended; a child of it in a session of its own has the word in its command line. */
const forever = (word: string): string =>
  `setsid sh -c 'while :; do sleep 1; done' ${word} & echo on >sign; while :; do sleep 1; done`;

async function refused(bench: ClusterBench, parts: Parameters<ClusterBench["workload"]>[1], what: string): Promise<void> {
  const workload = bench.workload("true", parts);
  await assert.rejects(async () => bench.cluster.submit(workload, bench.signal), { kind: "invalid" }, what);
  assert.equal(await isThere(join(workload.directory, "cmd.sh")), false, `${what}: nothing is left half done`);
}

async function linesOf(file: string): Promise<number> {
  return (await readFile(file, "utf8").catch(() => "")).split("\n").filter(line => line !== "").length;
}

const ending = (workload: Workload): WorkloadId => workload.id;

export const behaviours: readonly Behaviour[] = [
  does("can be used, and says what it is in a line", async ({ cluster, signal }) => {
    assert.match(await cluster.check(signal), /\S/);
  }),

  does("tells its nodes, what they have, and how limits are kept", async ({ cluster, signal }) => {
    const { nodes, enforced } = await cluster.capacity(signal);
    assert.ok(nodes.some(({ state, cpu, memoryBytes }) => state === "up" && cpu >= 1 && memoryBytes > 0));
    assert.equal(new Set(nodes.map(node => node.name)).size, nodes.length);
    for (const words of Object.values(enforced)) assert.match(words, /\S/);
  }),

  does("runs a command and tells its exit code, its times and its node", async bench => {
    const before = Date.now();
    for (const code of [0, 3, 255]) {
      const { seen } = await bench.run(`exit ${code}`);
      assert.deepEqual([seen.end?.cause, seen.end?.exitCode, seen.begun], ["exit", code, 1]);
      const { nodes } = await bench.cluster.capacity(bench.signal);
      assert.ok(nodes.some(node => node.name === seen.node));
      // Engines count in whole seconds.
      assert.ok(seen.startedAt!.getTime() > before - 2000 && seen.endedAt!.getTime() >= seen.startedAt!.getTime());
      assert.match(seen.remoteId, /\S/);
    }
  }),

  does("tells the signal that ended a command by 128 and its number", async bench => {
    const { seen } = await bench.run("kill -TERM $$; sleep 60");
    assert.deepEqual([seen.end?.cause, seen.end?.exitCode], ["exit", 143]);
  }),

  does("keeps both outputs apart, byte for byte, in the directory", async bench => {
    const { workload } = await bench.run(`printf 'a\\000\\377\\r\\nb'; printf 'e\\001' >&2`);
    const bytes = Buffer.from([0x61, 0, 0xff, 13, 10, 0x62]);
    assert.deepEqual(await bench.bytes(workload, "stdout"), bytes);
    assert.deepEqual(await readFile(join(workload.directory, "out.log")), bytes);
    assert.deepEqual(await bench.bytes(workload, "stderr"), Buffer.from("e\x01"));
  }),

  does("writes both outputs to one file, in the order of the command", async bench => {
    const parts = { stdout: "all $(x) %j.log", stderr: "all $(x) %j.log" };
    const { workload } = await bench.run("echo 1; echo 2 >&2; echo 3", parts);
    assert.equal(await readFile(join(workload.directory, parts.stdout), "utf8"), "1\n2\n3\n");
  }),

  does("runs a script of any bytes, by what its first line says or by a shell", async bench => {
    const odd = Buffer.concat([
      Buffer.from("printf '%s|' '"),
      Buffer.from([0xff, 0xfe, 10, 13, 10, 9]),
      Buffer.from('$x`y` "é😀\' "$0"\n'),
    ]);
    const workload = bench.workload("", { command: { kind: "script", script: odd, file: "my $(touch x) 'script'.sh" } });
    await bench.submit(workload);
    const seen = await bench.ended(workload.id);
    assert.deepEqual([seen.end?.cause, seen.end?.exitCode], ["exit", 0], await bench.text(workload, "stderr"));
    const out = await bench.bytes(workload, "stdout");
    assert.ok(
      out.includes(Buffer.concat([Buffer.from([0xff, 0xfe, 10, 13, 10, 9]), Buffer.from('$x`y` "é😀|')])),
      out.toString(),
    );
    assert.ok(out.includes(Buffer.from("my $(touch x) 'script'.sh|")));
    const bySelf = Buffer.from("#!/bin/cat\nby cat\n");
    const other = await bench.submit(bench.workload("", { command: { kind: "script", script: bySelf, file: "cmd" } }));
    await bench.ended(other.id);
    assert.match(await bench.text(other, "stdout"), /^by cat$/m);
  }),

  does("gives a program its arguments as they are", async bench => {
    const words = ["", " ", "a b", "-n", "$(id)", "`id`", "'\"\\", "\n", "%s %d", "*", "é😀", "a;b|c&d>e", "\r\n", "~"];
    const program: [string, ...string[]] = ["sh", "-c", 'for w in "$@"; do printf "<%s>" "$w"; done', "name", ...words];
    const workload = await bench.submit(bench.workload("", { command: { kind: "program", program } }));
    await bench.ended(workload.id);
    assert.equal(await bench.text(workload, "stdout"), words.map(word => `<${word}>`).join(""));
  }),

  does("gives a command its environment as it is, and nothing of the server's", async bench => {
    process.env.HAVRE_SUITE_SECRET = "the-server's-own";
    const environment = { ODD: "a b\n'\"\\$(id)`id` %s\ré😀", EMPTY: "", _x1: "y" };
    const { out } = await bench.run(`printf '%s|%s|%s\\n' "$ODD" "\${EMPTY-none}" "$_x1"; env`, { environment });
    assert.ok(out.startsWith(`${environment.ODD}||y\n`), out);
    assert.doesNotMatch(out, /the-server's-own/);
    assert.match(out, /^PATH=.*\/usr\/bin/m);
  }),

  does("starts in its directory, made with its parents, as its account", async bench => {
    const id = bench.newId();
    const directory = join(await bench.folder(), "deep", "er", id);
    const mount = bench.cluster.can.mounts ? "/some/where" : directory;
    const { workload, out } = await bench.run("pwd; id -u; id -g; echo made >file", { id, directory, mount });
    const [where, uid, gid] = out.split("\n");
    assert.equal(where, mount);
    assert.equal(await readFile(join(workload.directory, "file"), "utf8"), "made\n");
    const made = await stat(join(workload.directory, "file"));
    assert.notEqual(made.uid, 0);
    if (!bench.cluster.can.accounts) return;
    const { account } = bench.opened;
    assert.deepEqual([Number(uid), Number(gid), made.uid, made.gid], [account.uid, account.gid, account.uid, account.gid]);
  }),

  does("removes the outputs of an earlier workload from the directory, and nothing else", async bench => {
    const { workload } = await bench.run("echo first; echo mine >mine");
    await rm(join(workload.directory, "err.log"), { force: true });
    const again = await bench.run("echo second; cat mine", { directory: workload.directory, mount: workload.mount });
    assert.equal(again.out, "second\nmine\n");
  }),

  does(
    "shows volumes, and lets nobody write to what is read-only",
    async bench => {
      const [both, only] = [await bench.folder(), await bench.folder()];
      await writeFile(join(only, "given"), "given\n", { mode: 0o644 });
      await writeFile(join(only, "file"), "one file\n", { mode: 0o644 });
      const volumes = [
        { source: both, mount: "/data/both", readOnly: false },
        { source: only, mount: "/data/only", readOnly: true },
        { source: join(only, "file"), mount: "/data/file", readOnly: true },
      ];
      const script =
        "cat /data/only/given /data/file; echo x >/data/only/new; echo y >>/data/file; echo made >/data/both/made; rm /data/only/given; ls /data/only";
      const { out } = await bench.run(script, { volumes });
      assert.equal(out, "given\none file\nfile\ngiven\n");
      assert.equal(await readFile(join(both, "made"), "utf8"), "made\n");
    },
    ({ can }) => can.mounts,
  ),

  does("begins once, however often and by whomever it is submitted", async bench => {
    const workload = bench.workload("echo begun >>begun; cat go 2>/dev/null; sleep 0.2");
    const other = await bench.opened.again();
    try {
      await Promise.all([1, 2, 3, 4].map(n => (n % 2 ? bench.cluster : other).submit(workload, bench.signal)));
      for (const cluster of [other, bench.cluster, other])
        await bench.until("it is there", async () => (await cluster.submit(workload, bench.signal)) === "done");
      await bench.ended(workload.id);
      for (const cluster of [bench.cluster, other]) assert.equal(await cluster.submit(workload, bench.signal), "done");
      const seen = await bench.ended(workload.id);
      assert.deepEqual([seen.begun, seen.end?.cause], [1, "exit"]);
      assert.equal(await linesOf(join(workload.directory, "begun")), 1);
    } finally {
      await other.close();
    }
  }),

  does("is found again by the next process: while it runs, and when it has ended", async bench => {
    const workload = await bench.submit(bench.workload("echo on >sign; until [ -e go ]; do sleep 0.1; done; exit 7"));
    await bench.sign(workload, "sign");
    const next = await bench.opened.again();
    try {
      assert.ok((await next.list(bench.signal)).includes(workload.id));
      await bench.until("it runs", async () => (await bench.look(workload.id, next))?.state === "running");
      await writeFile(join(workload.directory, "go"), "");
      assert.equal((await bench.ended(workload.id, bench.paceMs, next)).end?.exitCode, 7);
      assert.ok((await next.list(bench.signal)).includes(workload.id));
    } finally {
      await next.close();
    }
  }),

  does("knows for certain what it does not hold", async bench => {
    const id = bench.newId();
    await bench.until("it says so", async () => (await bench.look(id))?.state === "absent");
    await bench.cluster.kill([{ id }], bench.signal);
    await bench.cluster.forget([id], bench.signal);
  }),

  does("shows the output while it grows, from any byte on", async bench => {
    const workload = await bench.submit(
      bench.workload("echo first; echo on >sign; until [ -e go ]; do sleep 0.1; done; echo second"),
    );
    await bench.sign(workload, "sign");
    const at = (from: number) => bench.cluster.log({ id: workload.id }, workload, "stdout", from, bench.signal);
    await bench.until("the first line is there", async () => (await at(0)).bytes.length === 6);
    assert.deepEqual([(await at(2)).next, Buffer.from((await at(2)).bytes).toString()], [6, "rst\n"]);
    assert.deepEqual([(await at(6)).bytes.length, (await at(6)).next], [0, 6]);
    await writeFile(join(workload.directory, "go"), "");
    await bench.ended(workload.id);
    assert.equal(Buffer.from((await at(6)).bytes).toString(), "second\n");
  }),

  does("hands out long outputs in pieces, and says when one is gone", async bench => {
    const bytes = 2 * LOG_PIECE_BYTES + 5;
    const { workload } = await bench.run(`head -c ${bytes} /dev/zero`);
    const first = await bench.cluster.log({ id: workload.id }, workload, "stdout", 0, bench.signal);
    assert.ok(first.bytes.length > 0 && first.bytes.length <= LOG_PIECE_BYTES);
    assert.equal((await bench.bytes(workload, "stdout")).length, bytes);
    await rm(join(workload.directory, "out.log"));
    const gone = bench.cluster.log({ id: workload.id }, workload, "stdout", 0, bench.signal);
    await assert.rejects(gone, { kind: "not-found" });
  }),

  does("ends all processes when it is killed, those in sessions of their own too", async bench => {
    const word = `word-${bench.newId()}`;
    const workload = await bench.submit(bench.workload(forever(word)));
    await bench.sign(workload, "sign");
    await bench.until("its child is there", async () => (await processesWith(word)).length > 0);
    await bench.cluster.kill([{ id: workload.id }], bench.signal);
    const seen = await bench.ended(workload.id);
    assert.deepEqual([seen.end?.cause, seen.end?.exitCode, await processesWith(word)], ["killed", 137, []]);
    await bench.cluster.kill([{ id: workload.id }], bench.signal);
    assert.equal((await bench.ended(workload.id)).end?.cause, "killed");
  }),

  does("kills right after it was submitted, and never runs it afterwards", async bench => {
    const workload = await bench.submit(bench.workload("sleep 60"));
    await bench.cluster.kill([{ id: workload.id }], bench.signal);
    assert.equal((await bench.ended(workload.id)).end?.cause, "killed");
    await bench.cluster.submit(workload, bench.signal);
    assert.equal((await bench.ended(workload.id)).end?.cause, "killed");
  }),

  does("leaves no process behind when the command ends by itself", async bench => {
    const word = `word-${bench.newId()}`;
    const { seen } = await bench.run(
      `setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done' ${word} & (nohup sh -c 'while :; do sleep 1; done' ${word} &) ; sleep 0.3; exit 4`,
    );
    assert.deepEqual([seen.end?.cause, seen.end?.exitCode, await processesWith(word)], ["exit", 4, []]);
  }),

  does(
    "ends what runs longer than it may",
    async bench => {
      const word = `word-${bench.newId()}`;
      const { seen } = await bench.run(forever(word), { limits: { walltimeSeconds: 1 } });
      assert.deepEqual([seen.end?.cause, await processesWith(word)], ["walltime", []]);
    },
    ({ engine }) => engine !== "slurm",
  ),

  does(
    "ends what runs longer than it may, to the minute",
    async bench => {
      const word = `word-${bench.newId()}`;
      const { seen } = await bench.run(forever(word), { limits: { walltimeSeconds: 1 } }, 200_000);
      assert.deepEqual([seen.end?.cause, await processesWith(word)], ["walltime", []]);
    },
    always,
    true,
  ),

  does("ends what needs more memory than it may have", async bench => {
    const eat = "x=x; while :; do x=$x$x; done";
    const { seen } = await bench.run(eat, { limits: { memoryBytes: 48 * MIB } });
    const { enforced } = await bench.cluster.capacity(bench.signal);
    // Where each process has its own limit, more memory is refused to it, and the command ends by itself.
    const isRefused = enforced.memory.startsWith("rlimits") && seen.end?.cause === "exit" && seen.end.exitCode !== 0;
    assert.ok(seen.end?.cause === "memory" || isRefused, JSON.stringify(seen));
  }),

  does("lets no fork bomb have more processes than it may", async bench => {
    const { out } = await bench.run(
      "i=0; while [ $i -lt 60 ]; do sleep 30 2>/dev/null & i=$((i+1)); done 2>/dev/null; ls -d /proc/[0-9]* | wc -l; echo end",
      { limits: { processes: 12 } },
    );
    // Without room for one more, the shell may not even count.
    const told = Number(/^\d+$/m.exec(out)?.[0] ?? 0);
    if (bench.cluster.can.mounts) assert.ok(told < 40, out);
  }),

  does("ends what writes more output than it may, and keeps the disk", async bench => {
    const limits = { outputBytes: MIB, diskBytes: 512 * MIB };
    const { workload, seen } = await bench.run("while :; do head -c 65536 /dev/zero; done", { limits });
    assert.equal(seen.end?.cause, "output");
    assert.ok((await stat(join(workload.directory, "out.log"))).size <= 512 * MIB);
  }),

  does("ends what fills its directory", async bench => {
    const limits = { diskBytes: 8 * MIB };
    const script = "i=0; while [ $i -lt 4000 ]; do head -c 65536 /dev/zero >f$i; i=$((i+1)); sleep 0.005; done; sleep 60";
    const { seen } = await bench.run(script, { limits });
    assert.equal(seen.end?.cause, "disk", JSON.stringify(seen));
  }),

  does(
    "freezes all processes, lets them go on, and kills frozen ones",
    async bench => {
      const workload = await bench.submit(bench.workload("echo on >sign; while :; do echo . >>beats; sleep 0.05; done"));
      const ref = { id: workload.id };
      await bench.sign(workload, "beats");
      await bench.cluster.suspend([ref], bench.signal);
      await bench.until("it is suspended", async () => (await bench.look(workload.id))?.state === "suspended");
      const beats = await linesOf(join(workload.directory, "beats"));
      await bench.until("nothing beats", async () => {
        const [a, b] = [await linesOf(join(workload.directory, "beats")), (await bench.look(workload.id))?.state];
        return b === "suspended" && a - beats <= 1;
      });
      await bench.cluster.resume([ref], bench.signal);
      await bench.until("it runs", async () => (await bench.look(workload.id))?.state === "running");
      await bench.until("it beats", async () => (await linesOf(join(workload.directory, "beats"))) > beats + 1);
      await bench.cluster.suspend([ref], bench.signal);
      await bench.until("it is suspended", async () => (await bench.look(workload.id))?.state === "suspended");
      await bench.cluster.kill([ref], bench.signal);
      assert.equal((await bench.ended(workload.id)).end?.cause, "killed");
    },
    ({ can }) => can.suspend,
  ),

  does(
    "takes another walltime while it runs",
    async bench => {
      const workload = await bench.submit(bench.workload("echo on >sign; sleep 600"));
      await bench.sign(workload, "sign");
      await bench.cluster.retime([{ id: workload.id }], 1, bench.signal);
      assert.equal((await bench.ended(workload.id, 200_000)).end?.cause, "walltime");
    },
    ({ can, engine }) => can.retime && engine !== "slurm",
  ),

  does(
    "runs the elements of an array, each in its folder with its environment",
    async bench => {
      const elements = [0, 2, 5].map(index => ({ index, environment: { ONE: `element ${index}` } }));
      const workload = await bench.submit(
        bench.workload(`echo "$ONE $ALL"; pwd; exit $((\${#ONE} - 9))`, { elements, environment: { ALL: "all", ONE: "none" } }),
      );
      for (const { index } of elements) {
        const seen = await bench.ended({ id: workload.id, index });
        assert.deepEqual([seen.end?.cause, seen.end?.exitCode], ["exit", 0]);
        const out = (await readFile(join(workload.directory, String(index), "out.log"), "utf8")).split("\n");
        assert.deepEqual(out, [`element ${index} all`, join(workload.mount, String(index)), ""]);
      }
      assert.equal((await bench.cluster.observe([workload.id], bench.signal)).length, 3);
    },
    ({ can }) => can.arrays > 0,
  ),

  does(
    "kills one element of an array, and leaves the others",
    async bench => {
      const elements = [1, 2].map(index => ({ index, environment: {} }));
      const workload = await bench.submit(bench.workload("until [ -e ../go ]; do sleep 0.1; done", { elements }));
      // While it waits not every engine can tell it from the others; then it is asked again.
      await bench.until("it is told", () =>
        bench.cluster.kill([{ id: workload.id, index: 1 }], bench.signal).then(
          () => true,
          error => {
            assert.equal(error.retry, "temporary");
            return false;
          },
        ),
      );
      assert.equal((await bench.ended({ id: workload.id, index: 1 })).end?.cause, "killed");
      await writeFile(join(workload.directory, "go"), "");
      assert.equal((await bench.ended({ id: workload.id, index: 2 })).end?.cause, "exit");
    },
    ({ can }) => can.arrays > 0,
  ),

  does(
    "starts when those it comes after have ended in any way",
    async bench => {
      const first = await bench.submit(bench.workload("until [ -e go ]; do sleep 0.1; done; exit 1"));
      const second = await bench.submit(bench.workload("date", { after: [first.id] }));
      await bench.until("it waits", async () => (await bench.look(second.id))?.state === "waiting");
      await bench.until("the first is there", async () => isThere(join(first.directory, "cmd.sh")));
      await writeFile(join(first.directory, "go"), "");
      await bench.ended(first.id);
      assert.equal((await bench.ended(second.id)).end?.cause, "exit");
    },
    ({ can }) => can.dependencies,
  ),

  does(
    "kills one that waits for others, and never runs it",
    async bench => {
      const first = await bench.submit(bench.workload("sleep 1000"));
      const second = await bench.submit(bench.workload("date", { after: [first.id] }));
      await bench.until("it waits", async () => (await bench.look(second.id))?.state === "waiting");
      await bench.cluster.kill([{ id: second.id }], bench.signal);
      const seen = await bench.ended(second.id);
      assert.deepEqual([seen.end?.cause, seen.begun, seen.startedAt], ["killed", 0, undefined]);
      await bench.cluster.kill([{ id: first.id }], bench.signal);
      await bench.ended(first.id);
    },
    ({ can }) => can.dependencies,
  ),

  does(
    "tells what running ones use at this moment",
    async bench => {
      const workload = await bench.submit(bench.workload("echo on >sign; while :; do :; done"));
      await bench.sign(workload, "sign");
      await bench.until("it has used some time", async () => {
        const [one] = await bench.cluster.measure([{ id: workload.id }], bench.signal);
        return one !== undefined && one.cpuSeconds > 0.05 && one.memoryBytes > 0;
      });
      await bench.cluster.kill([{ id: workload.id }], bench.signal);
      await bench.ended(workload.id);
    },
    ({ can }) => can.measure,
  ),

  does(
    "tells what elements of an array use at this moment, each apart",
    async bench => {
      const elements = [1, 2].map(index => ({ index, environment: {} }));
      const command = "case $PWD in *1) while :; do :; done ;; *) sleep 1000 ;; esac";
      const { id } = await bench.submit(bench.workload(command, { elements }));
      const refs = elements.map(({ index }) => ({ id, index }));
      await bench.until("the busy one has used some time, and the idle one none", async () => {
        const all = await bench.cluster.measure(refs, bench.signal);
        const [busy, idle] = refs.map(({ index }) => all.filter(one => one.index === index));
        if (busy?.length !== 1 || idle?.length !== 1) return false;
        return (busy[0]?.cpuSeconds ?? 0) > 1.5 && (idle[0]?.cpuSeconds ?? 9) < 1;
      });
      await bench.cluster.kill(refs, bench.signal);
      for (const ref of refs) await bench.ended(ref);
    },
    ({ can }) => can.measure && can.arrays > 0,
  ),

  does(
    "tells the processor time that was used in all, by every process",
    async bench => {
      const busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
      const { seen } = await bench.run(`(${busy}) & (${busy}) & wait; sleep 1`);
      assert.ok((seen.usage.cpuSeconds ?? 0) > 0.05 && (seen.usage.cpuSeconds ?? 0) < 30, JSON.stringify(seen.usage));
    },
    usage("cpuSeconds"),
  ),

  does(
    "tells the most memory that was used",
    async bench => {
      const { seen } = await bench.run(`x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 2; echo \${#x}`);
      const peak = seen.usage.peakMemoryBytes ?? 0;
      assert.ok(peak > 15 * MIB && peak < 256 * MIB, String(peak));
    },
    usage("peakMemoryBytes"),
  ),

  does(
    "hints that a run has ended",
    async bench => {
      const stop = new AbortController();
      const hinted = new Set<string>();
      const listening = (async () => {
        for await (const id of bench.cluster.hints(stop.signal)) hinted.add(id);
      })();
      try {
        await bench.until("a hint comes", async () => {
          const { workload } = await bench.run("true");
          return hinted.has(workload.id);
        });
      } finally {
        stop.abort();
      }
      await listening;
    },
    ({ can }) => can.hints,
  ),

  does(
    "has no network but its own loopback where that is asked for",
    async bench => {
      await bench.withServer(async port => {
        const script = `(echo >/dev/tcp/127.0.0.1/${port}) 2>/dev/null && echo reached; cat /proc/net/dev | tail -n +3 | cut -d: -f1`;
        const { out } = await bench.run(`command -v bash >/dev/null && exec bash -c '${script}'; ${script}`, { network: "none" });
        assert.deepEqual(out.trim().split(/\s+/), ["lo"]);
      });
    },
    ({ can }) => can.networks.includes("none"),
  ),

  does(
    "uses the node's own network only where that is asked for",
    async bench => {
      const { out } = await bench.run("cat /proc/net/dev | tail -n +3 | wc -l; hostname", { network: "host" });
      assert.equal(out.split("\n")[1], hostname());
    },
    ({ can }) => can.networks.includes("host"),
  ),

  does(
    "opens a port of the node to a port inside",
    async bench => {
      const port = 20_000 + (process.pid % 20_000);
      const script = `echo on >sign; ${SERVE}`;
      const workload = await bench.submit(
        bench.workload(script, { network: "outside", ports: [{ container: 8080, host: port }] }),
      );
      await bench.sign(workload, "sign");
      await bench.until("it answers", async () => {
        const socket = connect(port, "127.0.0.1");
        let said = "";
        socket.on("data", chunk => (said += chunk));
        await once(socket, "close").catch(() => {});
        return said.includes("from inside");
      });
      await bench.cluster.kill([{ id: workload.id }], bench.signal);
      await bench.ended(workload.id);
    },
    ({ can }) => can.ports && can.networks.includes("outside"),
  ),

  does(
    "gives room for temporary files that is gone at the end",
    async bench => {
      const scratch = { bytes: MIB, mount: "/scratch" };
      const { out } = await bench.run("ls -A /scratch; echo x >/scratch/x && cat /scratch/x; ls -A", { scratch });
      assert.match(out, /^x\n/);
    },
    ({ can }) => can.mounts,
  ),

  does("forgets what has ended, and ends what it is told to forget", async bench => {
    const word = `word-${bench.newId()}`;
    const { workload: over } = await bench.run("true");
    const running = await bench.submit(bench.workload(forever(word)));
    await bench.sign(running, "sign");
    await bench.cluster.forget([over.id, running.id], bench.signal);
    await bench.until("nothing of it is left", async () => (await processesWith(word)).length === 0);
    for (const id of [over.id, running.id])
      await bench.until("it is absent", async () => (await bench.look(id))?.state === "absent");
    const held = await bench.cluster.list(bench.signal);
    assert.deepEqual([held.includes(over.id), held.includes(running.id)], [false, false]);
    assert.ok(await isThere(over.directory));
  }),

  does("says of a program that is not there that it never began", async bench => {
    const command = { kind: "program", program: ["no-such-program-here", "x"] } as const;
    const workload = await bench.submit(bench.workload("", { command }));
    const seen = await bench.ended(ending(workload));
    assert.equal(seen.end?.cause, "refused", JSON.stringify(seen));
    assert.match(seen.end?.message ?? "", /no-such-program-here/);
  }),

  does("refuses an image that is not there", async bench => {
    const workload = bench.workload("true", { image: "no-such-image-here:1" });
    try {
      await bench.submit(workload);
    } catch (error) {
      return assert.equal((error as { kind?: string }).kind, "invalid");
    }
    assert.equal((await bench.ended(workload.id)).end?.cause, "refused");
  }),

  does("refuses what is malformed or not offered, before anything is made of it", async bench => {
    const { can } = bench.cluster;
    const account = { uid: 1000, gid: 1000, groups: [], asRoot: false };
    await refused(bench, { id: "Upper-Case" as WorkloadId }, "an id");
    await refused(bench, { directory: "/tmp/../etc" }, "a path with ..");
    await refused(bench, { directory: "relative" }, "a relative path");
    await refused(bench, { stdout: "../x" }, "an output elsewhere");
    await refused(bench, { environment: { "A=B": "x" } }, "a variable's name");
    await refused(bench, { environment: { A: "x\0y" } }, "a variable's value");
    await refused(bench, { account: { ...account, uid: 0 } }, "root");
    await refused(bench, { account: { ...account, groups: [0] } }, "root's group");
    await refused(bench, { limits: { memoryBytes: 0 } }, "no memory");
    await refused(bench, { limits: { cpu: Number.NaN } }, "no processor");
    await refused(bench, { volumes: [{ source: "/no/such/volume", mount: "/data/x", readOnly: true }] }, "a volume");
    if (!can.gpus) await refused(bench, { gpus: 1 }, "a GPU");
    if (can.arrays === 0) await refused(bench, { elements: [{ index: 0, environment: {} }] }, "an array");
    if (!can.dependencies) await refused(bench, { after: [bench.newId()] }, "waiting for others");
    if (!can.ports) await refused(bench, { network: "host", ports: [{ container: 80, host: 20000 }] }, "ports");
    for (const network of ["none", "outside", "host"] as const)
      if (!can.networks.includes(network)) await refused(bench, { network }, network);
  }),

  does("follows no link that an earlier workload put where outputs and the script go", async bench => {
    const elsewhere = await bench.folder();
    const target = join(elsewhere, "target");
    await writeFile(target, "untouched", { mode: 0o666 });
    await chmod(target, 0o666);
    const id = bench.newId();
    const trap = `ln -sf ${target} out.log; ln -sf ${target} err.log; ln -sf ${target} cmd2.sh`;
    const workload = await bench.submit(bench.workload(trap, { id }));
    await bench.ended(id);
    const command = { kind: "script", script: Buffer.from("#!/bin/sh\necho new\n"), file: "cmd2.sh" } as const;
    const { out } = await bench.run("", { command, directory: workload.directory, mount: workload.mount });
    assert.equal(out, "new\n");
    assert.equal(await readFile(target, "utf8"), "untouched");
  }),

  does(
    "keeps count of units, such as licences: who asks for more than are free waits",
    async bench => {
      const units = { suite: 2 };
      const first = await bench.submit(bench.workload("echo on >sign; while [ ! -e go ]; do sleep 0.2; done", { units }));
      await bench.sign(first, "sign");
      const second = await bench.submit(bench.workload("true", { units }));
      const beside = await bench.submit(bench.workload("true"));
      await bench.ended(beside.id);
      assert.equal((await bench.look(second.id))?.state, "waiting");
      await writeFile(join(first.directory, "go"), "", { mode: 0o666 });
      for (const { id } of [first, second]) assert.equal((await bench.ended(id)).end?.exitCode, 0);
    },
    ({ can }) => can.queue,
  ),

  // Last: it fills a cluster that has a queue, and what else is tried beside it waits.
  does("gives a fan-out of 200 workloads the same result as every other cluster", fanOut, always, true),
];

const FAN = 198;
const AT_ONCE = 8;

/** One, then many that need it, then one that needs all of them: the same result on every cluster. */
async function fanOut(bench: ClusterBench): Promise<void> {
  const shared = await bench.folder();
  const { can } = bench.cluster;
  const at = can.mounts ? "/data/shared" : shared;
  const parts = {
    volumes: can.mounts ? [{ source: shared, mount: at, readOnly: false }] : [],
    limits: { cpu: 0.5, memoryBytes: 32 * MIB, walltimeSeconds: 600 },
  };
  const after = async (script: string, parents: readonly WorkloadId[]): Promise<Workload> => {
    if (!can.dependencies) for (const parent of parents) await bench.ended(parent, FAN_MS);
    return bench.submit(bench.workload(script, { ...parts, ...(can.dependencies ? { after: parents } : {}) }));
  };
  const first = await after(`echo 7 >${at}/seed`, []);
  const many: Workload[] = [];
  const next = Array.from({ length: FAN }, (_, index) => index).values();
  const submitter = async (): Promise<void> => {
    for (const index of next) {
      const one = await after(`read x <${at}/seed; echo $((x * ${index})) >${at}/part.${index}`, [first.id]);
      many.push(one);
      if (!can.queue) await bench.ended(one.id, FAN_MS); // the caller's room, not the cluster's
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, submitter));
  const sum = `t=0; c=0; for f in ${at}/part.*; do read n <$f; t=$((t + n)); c=$((c + 1)); done; echo "$c $t"`;
  const last = await after(
    sum,
    many.map(({ id }) => id),
  );
  assert.equal((await bench.ended(last.id, FAN_MS)).end?.exitCode, 0);
  assert.equal(await bench.text(last, "stdout"), `${FAN} ${(7 * (FAN - 1) * FAN) / 2}\n`);
  for (const { id } of many) assert.equal((await bench.ended(id, FAN_MS)).begun, 1);
}

const FAN_MS = 800_000;

/** Says one line to whoever comes, with what images have. */
const SERVE = `if command -v perl >/dev/null; then exec perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die; while (my $c = $s->accept) { print $c "from inside\\n"; close $c }'; else while :; do echo from inside | nc -l -p 8080; done; fi`;
