import { notFound } from "../../kernel/errors.ts";
import { drops } from "../../store/drops.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { checkCode } from "./announce.ts";
import type { Provider, Target } from "./model.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the drop-off page needs to draw itself; never the upload code. @throws "not-found" */
export async function readTarget(world: Needs<"store">, _actor: Actor, uploadUuid: string): Promise<Target> {
  const target = UUID.test(uploadUuid) ? await drops(world.store.db).target({ uploadUuid: uploadUuid.toLowerCase() }) : undefined;
  if (!target) throw notFound();
  return target;
}

export interface CodeAsked {
  readonly uploadUuid: string;
  readonly code: string;
  readonly ip: string;
}

/** Is this code right? @returns the invited provider; undefined for the study's general code. @throws "forbidden", "throttled" */
export async function tryCode(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  _actor: Actor,
  { uploadUuid, code, ip }: CodeAsked,
): Promise<Provider | undefined> {
  return checkCode(world, ip, uploadUuid, code);
}
