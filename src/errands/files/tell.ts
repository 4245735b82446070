import { fileTold } from "../../core/files/index.ts";
import type { Webhook } from "../../ports/webhook.ts";
import type { ErrandKind } from "../errand.ts";
import { telling } from "../tell.ts";

/** Tells an address of what became of a file. */
export const tellFile = (webhook: Webhook | undefined): ErrandKind =>
  telling({ kind: "tell-file", of: "a file", webhook, find: async (world, { told }) => fileTold(world, told) });
