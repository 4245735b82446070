import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accountLines } from "./rest.ts";
import { errorOf } from "./runner.ts";
import { bytesIn, endIn, readAccounting, readNodes, readQueue, readUses, secondsIn, settingIn } from "./words.ts";

describe("what Slurm says", () => {
  it("is read from squeue, elements of arrays apart", () => {
    const [one, element] = readQueue("3|N/A|a|RUNNING|1795598477|n1|1|None|3|\n4|2|b|PENDING|N/A||0|Priority|6|\n");
    assert.deepEqual(
      [one?.job, one?.index, one?.state, one?.startedAt?.getTime(), one?.node, one?.restarts, one?.reason],
      ["3", undefined, "running", 1795598477000, "n1", 1, ""],
    );
    assert.deepEqual(
      [element?.job, element?.own, element?.index, element?.state, element?.startedAt, element?.reason],
      ["4", "6", 2, "waiting", undefined, "Priority"],
    );
  });

  it("is read from sstat: all steps of a job, by its own number", () => {
    const uses = readUses("12.extern|00:00:00|1K|\n12.batch|00:01:02.500|3M|\n13.batch|00:00:05|1M|\nnonsense\n");
    assert.deepEqual(
      [...uses],
      [
        ["12", { cpuSeconds: 62.5, memoryBytes: 3 * 1024 ** 2 + 1024 }],
        ["13", { cpuSeconds: 5, memoryBytes: 1024 ** 2 }],
      ],
    );
  });

  it("is no news where a word is not known", () => {
    assert.equal(readQueue("3|N/A|a|SOMETHING_NEW|0|n1|0|None|\n")[0]?.state, undefined);
    const [record] = readAccounting("3|a|SOMETHING_NEW|0:0|1|2|n1|00:01||64M\n");
    assert.equal(record && endIn(record, undefined), undefined);
    assert.equal(readNodes("n9|SOMETHING|0/8/0/8|4000|0|(null)|(null)|(null)|\n")[0]?.state, "down");
  });

  it("is read from sacct: the last record of a job counts, and its steps' memory", () => {
    const text = [
      "5|a|NODE_FAIL|0:0|100|110|n1|00:00:01||64M",
      "5|a|COMPLETED|0:0|200|260|n2|01:02.500||64M",
      "5.batch|batch|COMPLETED|0:0|200|260|n2|01:02.500|3196K|",
      "5.extern|extern|COMPLETED|0:0|200|260|n2|00:00|1K|",
      "6_[1-3]|b|PENDING|0:0|Unknown|Unknown|None assigned|00:00:00||64M",
      "6_0|b|CANCELLED by 0|0:0|Unknown|300|None assigned|00:00:00||64M",
    ].join("\n");
    const [one, element] = readAccounting(text);
    assert.deepEqual(
      [one?.begun, one?.node, one?.usage, one?.memoryBytes],
      [2, "n2", { cpuSeconds: 62.5, peakMemoryBytes: 3196 * 1024 }, 64 * 1024 * 1024],
    );
    assert.deepEqual([element?.index, element?.state, element?.begun], [0, "CANCELLED", 0]);
  });

  it("is read from the REST API in the same words", () => {
    const job = {
      ...{ job_id: 3, array: { job_id: 2, task_id: 7 }, name: "a", state: { current: "FAILED", reason: "None" }, nodes: "n1" },
      ...{ exit_code: { status: "SIGNALED", return_code: null, signal: { signal_id: 15, name: "Terminated" } } },
      ...{ time: { start: 100, end: 103, total: { seconds: 0, microseconds: 0 } }, required: { CPUs: 1, memory: 64 } },
      steps: [
        {
          tres: {
            requested: {
              max: [
                { type: "cpu", count: 0 },
                { type: "mem", count: 3231744 },
              ],
            },
          },
        },
      ],
    };
    const [read] = readAccounting(accountLines(job).join("\n"));
    assert.deepEqual(
      [read?.job, read?.index, read?.name, read?.state, read?.signal, read?.begun],
      ["2", 7, "a", "FAILED", 15, 1],
    );
    assert.deepEqual([read?.usage, read?.memoryBytes], [{ peakMemoryBytes: 3231744 }, 64 * 1024 * 1024]);
    const never = {
      ...job,
      array: { job_id: 0, task_id: null },
      nodes: "None assigned",
      steps: [],
      state: { current: "CANCELLED" },
    };
    const [cancelled] = readAccounting(accountLines(never).join("\n"));
    assert.deepEqual([cancelled?.job, cancelled?.index, cancelled?.begun, cancelled?.startedAt], ["3", undefined, 0, undefined]);
  });
  it("says how a job ended, and by what", () => {
    const record = {
      job: "1",
      index: undefined,
      name: "a",
      startedAt: new Date(1),
      endedAt: new Date(2),
      node: "",
      memoryBytes: 100,
      begun: 1,
    };
    const end = (state: string, exitCode = 0, signal = 0, peakMemoryBytes = 0) =>
      endIn({ ...record, state, exitCode, signal, usage: { peakMemoryBytes } }, undefined);
    const told = (...words: Parameters<typeof end>) => [end(...words)?.cause, end(...words)?.exitCode];
    assert.deepEqual(told("COMPLETED"), ["exit", 0]);
    assert.deepEqual(told("FAILED", 3), ["exit", 3]);
    assert.deepEqual(told("FAILED", 0, 15), ["exit", 143]);
    assert.deepEqual(told("FAILED", 0, 9, 100), ["memory", 137], "killed at a sample above its memory");
    assert.deepEqual(told("FAILED", 0, 9, 50), ["exit", 137]);
    assert.deepEqual(told("OUT_OF_MEMORY", 0, 125), ["memory", 137]);
    assert.deepEqual(told("TIMEOUT"), ["walltime", 137]);
    assert.deepEqual(told("NODE_FAIL"), ["lost", undefined]);
    assert.equal(endIn({ ...record, state: "CANCELLED", exitCode: 0, signal: 0, usage: {} }, "disk")?.cause, "disk");
    assert.equal(
      endIn({ ...record, state: "COMPLETED", endedAt: undefined, exitCode: 0, signal: 0, usage: {} }, undefined),
      undefined,
    );
  });

  it("is read from sinfo", () => {
    const [node, silent, away] = readNodes(
      "n1|mixed|3/5/0/8|4000|1500|gpu:tesla:2(S:0),other:9|gpu:tesla:1(IDX:0)|fast,big|\nn2|idle*|0/8/0/8|4000|0|(null)|(null)|(null)|\nn3|drained|0/8/0/8|4000|0|(null)|(null)|(null)|\nn1|mixed|3/5/0/8|4000|1500|gpu:tesla:2|gpu:tesla:1|fast,big|\n",
    );
    assert.deepEqual(
      [node?.state, node?.cpu, node?.used.cpu, node?.gpus, node?.used.gpus, Object.keys(node?.labels ?? {})],
      ["up", 8, 3, 2, 1, ["fast", "big"]],
    );
    assert.deepEqual([silent?.state, away?.state], ["down", "closed"]);
  });

  it("has its own units", () => {
    assert.deepEqual(["1-02:03:04", "02:03:04", "03:04.5", "", "x"].map(secondsIn), [93784, 7384, 184.5, undefined, undefined]);
    assert.deepEqual(["3196K", "1.50G", "64Mn", "0", ""].map(bytesIn), [3272704, 1610612736, 67108864, 0, undefined]);
    assert.equal(settingIn("MaxArraySize            = 1001\nX = y\n", "MaxArraySize"), "1001");
  });

  it("is turned into kinds of errors", () => {
    const kinds = {
      "sbatch: error: Unable to contact slurm controller (connect failure)": "unavailable",
      "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid partition name specified":
        "invalid",
      "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy":
        "throttled",
      "scontrol: error: Access/permission denied": "forbidden",
      "root@h: Permission denied (publickey).": "unauthenticated",
      "something that nobody has seen": "protocol",
    };
    for (const [said, kind] of Object.entries(kinds)) assert.equal(errorOf("sbatch", said, false).kind, kind, said);
    assert.equal(errorOf("squeue", "", true).kind, "network");
  });
});
