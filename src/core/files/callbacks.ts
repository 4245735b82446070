import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { errands } from "../../store/errands.ts";
import type { Tx } from "../../store/store.ts";
import { addMail, fileMail } from "../mail/index.ts";
import type { Language } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** Whoever hands in a file, or has one fetched, may name addresses that are told when it is there, or that it never will be. */

export type FileEnding = "done" | "failed";

export interface FileCallback {
  readonly id: string;
  /** A web address, in which `${NAME}` stands for one of the macros; or the asker's own mail address. */
  readonly to: string;
  readonly language: Language;
  /** What is told, by its name there; of another ending nothing is. */
  readonly events: Readonly<Partial<Record<FileEnding, string>>>;
  readonly macros: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the file; its `status` becomes the event's name. */
  readonly file: Readonly<Record<string, unknown>>;
}

const SEAL = "file.callback";
const ERRAND = "tell-file";
const MOST = 10;

export const isMailAddress = (to: string): boolean => /^[^@\s/:]+@[^@\s/:]+$/.test(to);

/**
 * @param mailAddress the asker's own: letters to others could be used to pester them
 * @throws HavreError "invalid" for what is neither that nor a web address
 */
export function acceptCallbacks<C extends Pick<FileCallback, "to">>(given: readonly C[], mailAddress: string): readonly C[] {
  if (given.length > MOST) throw new HavreError("invalid", `At most ${MOST} addresses are told of a file.`);
  for (const { to } of given) {
    if (isMailAddress(to)) {
      if (to.toLowerCase() !== mailAddress.toLowerCase())
        throw new HavreError("invalid", "Only your own mail address can be told of a file.");
      continue;
    }
    const url = URL.parse(to.replace(/\$\{\w+\}/g, "x"));
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
      throw new HavreError("invalid", `${to.slice(0, 100)} is no web address that can be told of a file.`);
  }
  return given;
}

type World = Needs<"secrets" | "settings">;

/** What follows "?" in an address is often a key: so errands have them sealed. */
export const sealCallbacks = ({ secrets }: Needs<"secrets">, callbacks: readonly FileCallback[]): string | undefined =>
  callbacks.length === 0 ? undefined : secrets.seal(JSON.stringify(callbacks), SEAL).toString("base64");

export const openCallbacks = ({ secrets }: Needs<"secrets">, sealed: unknown): readonly FileCallback[] =>
  typeof sealed === "string" ? (JSON.parse(secrets.openText(Buffer.from(sealed, "base64"), SEAL)) as FileCallback[]) : [];

/** In the transaction in which the file came to its end. */
export async function tellOfFile(
  tx: Tx,
  world: World,
  callbacks: readonly FileCallback[],
  ending: FileEnding,
  reason = "",
): Promise<void> {
  for (const callback of callbacks) {
    const event = callback.events[ending];
    if (event === undefined) continue;
    const { id, to, language, file } = callback;
    if (!isMailAddress(to)) {
      const told = sealCallbacks(world, [{ ...callback, events: { [ending]: event } }]);
      await errands(tx).add(ERRAND, { payload: { told }, key: newSecretId() });
      continue;
    }
    const letter = fileMail({ language, path: String(file.path ?? ""), isThere: ending === "done", reason });
    await addMail(tx, world, { ...letter, uniqueKey: `file-${id}-${ending}`, kind: "file-ended", recipient: to });
  }
}

export interface FileTold {
  readonly url: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the errand sends. @param sealed its payload's `told` */
export function fileTold(world: Needs<"secrets">, sealed: unknown): FileTold | undefined {
  const [callback] = openCallbacks(world, sealed);
  if (!callback) return undefined;
  const { id, to, events, headers, file } = callback;
  const event = events.done ?? events.failed ?? "";
  const macros: Readonly<Record<string, string>> = { ...callback.macros, STATUS: event, EVENT: event };
  const url = to.replace(/\$\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(macros, name) ? encodeURIComponent(macros[name] ?? "") : whole,
  );
  return { url, headers, body: { event, notification: { id }, file: { ...file, status: event } } };
}
