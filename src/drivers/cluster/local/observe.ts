import { open } from "node:fs/promises";
import { join } from "node:path";
import type { EndCause, Observation, RunEnd, WorkloadId } from "../../../ports/cluster.ts";
import { pidOf } from "../processes.ts";
import type { Cages } from "./cages/cages.ts";
import type { EndRecord, Records, RunRecord, SandboxStatus } from "./records.ts";

const KILLED = 128 + 9;
/** SIGXFSZ: a file grew beyond the limit. */
const FILE_TOO_LARGE = 128 + 25;
/** The supervisor's own word for a child that could not be caged. */
const NOT_CAGED = 125;
const TAIL_BYTES = 4096;

/** What a run is now. @returns undefined for no news: somebody is preparing it, or it was just begun */
export async function observeRun(
  records: Records,
  cages: Cages,
  node: string,
  id: WorkloadId,
  begin: (record: RunRecord) => Promise<void>,
): Promise<Observation | undefined> {
  const none = { id, node, remoteId: "", startedAt: undefined, endedAt: undefined, end: undefined, usage: {}, reason: "" };
  const record = await records.readRecord(id);
  if (record === undefined)
    return (await records.isBeingPrepared(id)) ? undefined : { ...none, state: "absent", begun: 0, node: "" };
  const claim = await records.readClaim(id);
  if (claim === undefined) {
    await begin(record); // whoever wrote the record may have been killed before it could
    return { ...none, state: "waiting", begun: 0 };
  }
  const begun = {
    ...none,
    begun: 1,
    startedAt: claim.startedAt,
    remoteId: claim.supervisor ? String(pidOf(claim.supervisor)) : "",
  };
  let end = await records.readEnd(id);
  if (end === undefined && claim.alive) return { ...begun, state: (await cages.isFrozen(id)) ? "suspended" : "running" };
  end ??= await records.readEnd(id); // it may have ended between the two looks
  if (end === undefined) {
    if (await cages.killAll(id)) return undefined; // nothing may be left of it when we say so
    await records.writeLost(id);
    end = await records.readEnd(id);
    if (end === undefined) return undefined;
  }
  const { oomKills, ...usage } = cages.usageIn(end.facts);
  const [cause, status] = await Promise.all([records.readCause(id), records.readStatus(id)]);
  const told = endOf({ end, status, cause, oomKills });
  const message = told.cause === "refused" && told.message === "" ? await lastWords(record) : told.message;
  const never = told.cause === "refused";
  return {
    ...begun,
    state: "ended",
    begun: never ? 0 : 1,
    startedAt: never ? undefined : claim.startedAt,
    endedAt: end.endedAt,
    end: { ...told, message },
    usage,
  };
}

interface Facts {
  readonly end: EndRecord;
  readonly status: SandboxStatus;
  readonly cause: EndCause | undefined;
  readonly oomKills: number;
}

const SAYS: Readonly<Record<EndCause, string>> = {
  exit: "",
  killed: "",
  refused: "",
  walltime: "It ran as long as it may.",
  memory: "It needed more memory than it may have.",
  output: "It wrote more output than it may.",
  disk: "It needed more room on disk than it may have.",
  lost: "The process that watched over it is gone, and so is it.",
};

/** How a run ended, from what its supervisor and bubblewrap wrote down, and why we ended it if we did. */
export function endOf({ end, status, cause, oomKills }: Facts): RunEnd {
  const ended = (why: EndCause, exitCode: number | undefined): RunEnd => ({ cause: why, exitCode, message: SAYS[why] });
  if (end.facts.lost !== undefined) return cause === undefined ? ended("lost", undefined) : ended(cause, KILLED);
  const code = status.exitCode ?? Number(end.facts.code);
  // bubblewrap says how the command ended only when there was a command, and lives to say it.
  const neverBegan = status.exitCode === undefined && (code === NOT_CAGED || code < 128);
  if (neverBegan && cause === undefined) return ended("refused", undefined);
  if (cause !== undefined && (neverBegan || code === KILLED)) return ended(cause, KILLED);
  if (oomKills > 0 && code !== 0) return ended("memory", code);
  if (code === FILE_TOO_LARGE) return ended("disk", code);
  return ended("exit", code);
}

/** What bubblewrap, or whatever came before it, complained of. */
async function lastWords({ directory, stderr }: RunRecord): Promise<string> {
  try {
    const file = await open(join(directory, stderr));
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
      const lines = buffer.subarray(0, bytesRead).toString("utf8").trim().split("\n");
      return lines.findLast(line => /^(bwrap|setpriv|pasta|havre-run|sh):/.test(line)) ?? lines.at(-1) ?? "";
    } finally {
      await file.close();
    }
  } catch {
    return "It could not be started.";
  }
}
