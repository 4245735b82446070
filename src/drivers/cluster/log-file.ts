import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { HavreError } from "../../kernel/errors.ts";
import { LOG_PIECE_BYTES, type LogPiece } from "../../ports/cluster.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** Bytes of an output that lies on a disk of ours. A link or a pipe that a workload put there is as good as gone. */
export async function readLog(path: string, from: number): Promise<LogPiece> {
  try {
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw gone();
      const length = Math.max(0, Math.min(LOG_PIECE_BYTES, found.size - from));
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      return { bytes: buffer.subarray(0, bytesRead), next: from + bytesRead };
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR" ? gone(cause) : cause;
  }
}

const gone = (cause?: unknown): HavreError => new HavreError("not-found", "The output is not there.", { cause });
