import { copyBetween, copyDavProperties, copyFile, makeFolder, moveFile, transferEnded } from "../../core/files/index.ts";
import { SECOND } from "../../kernel/clock.ts";
import { noContent, type Reply, SpecialReply } from "../route.ts";
import { type Act, depthOf, type Exchange, found, noFolder, type Resource, resourceAt, status } from "./exchange.ts";

/** COPY and MOVE: within a folder of a study at once, to another one as a transfer. */

/** Clients wait for half a minute at least. */
const WAIT_MS = 25 * SECOND;

interface End extends Resource {
  readonly overwrites: boolean;
}

async function endOf(exchange: Exchange): Promise<End> {
  const { destination, overwrite = "T", host } = exchange.request.headers;
  if (typeof destination !== "string") throw status(400, "The Destination is missing.");
  if (URL.canParse(destination) && new URL(destination).host !== host) throw status(502, "The destination is on another server.");
  const end = await resourceAt(destination, exchange);
  if (!end) throw status(409, "The destination is in no folder of a study.");
  if (end.isHere && end.path === exchange.path) throw status(403, "Source and destination are the same.");
  const overwrites = String(overwrite).toUpperCase() !== "F";
  const there = await found({ world: exchange.world, place: end.place }, end.path);
  if (there && !overwrites) throw status(412, "The destination is there already.");
  if (there?.kind === "folder" && !end.isHere) throw status(409, "A folder has this name: remove it first.");
  return { ...end, overwrites };
}

export const copy: Act = async exchange => {
  const { world, place, path, request } = exchange;
  const depth = depthOf(request, "infinity");
  if (depth === "1") throw status(400, "A copy is of the folder alone, or of all that is in it.");
  const shallow = depth === "0";
  const end = await endOf(exchange);
  if (!end.isHere) return toAnother(exchange, end, { isMove: false, shallow });
  const ifExists = end.overwrites ? "replace" : "refuse";
  const done = await copyFile(world, place, { from: path, to: end.path, ifExists, shallow }).catch(error => {
    throw noFolder(error);
  });
  await copyDavProperties(world, exchange, end);
  if (done.transfer) return new SpecialReply(202);
  return done.isNew ? new SpecialReply(201) : noContent();
};

export const move: Act = async exchange => {
  const { world, place, path } = exchange;
  const end = await endOf(exchange);
  if (!end.isHere) return toAnother(exchange, end, { isMove: true, shallow: false });
  const ifExists = end.overwrites ? "replace" : "refuse";
  const { isNew } = await moveFile(world, place, { from: path, to: end.path, ifExists }).catch(error => {
    throw noFolder(error);
  });
  return isNew ? new SpecialReply(201) : noContent();
};

/** Proved like every transfer before the source of a move goes. What is not done soon goes on when the client was answered. */
async function toAnother(
  exchange: Exchange,
  end: End,
  { isMove, shallow }: { readonly isMove: boolean; readonly shallow: boolean },
): Promise<Reply> {
  const { world, place, path } = exchange;
  const from = await found(exchange, path);
  const before = await found({ world, place: end.place }, end.path);
  if (shallow && from?.kind === "folder") {
    await makeFolder(world, end.place, { path: end.path, parents: false }).catch(error => {
      throw noFolder(error);
    });
    return new SpecialReply(201);
  }
  const ifExists = end.overwrites ? "replace" : "refuse";
  const { id } = await copyBetween(world, { from: { place, path }, to: end, ifExists, isMove }).catch(error => {
    throw noFolder(error);
  });
  await copyDavProperties(world, exchange, end);
  const { state, reason } = await transferEnded(world, id, WAIT_MS);
  if (state === "failed" || state === "stopped") throw status(502, reason || "It was stopped.");
  if (state !== "done") return new SpecialReply(202);
  return before ? noContent() : new SpecialReply(201);
}
