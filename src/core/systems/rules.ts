import { HavreError } from "../../kernel/errors.ts";
import type { Engine } from "../storages/model.ts";
import {
  BATCH_SCHEDULERS,
  type Credential,
  type CredentialType,
  type Execution,
  type Parent,
  type SystemRecord,
} from "./model.ts";

const wrong = (words: string): HavreError => new HavreError("invalid", words);
/** What was asked is right, and cannot be done to this system as it is. */
const unready = (words: string): HavreError => new HavreError("conflict", words, { detail: { unready: true } });

const NAME = /^[A-Za-z0-9.-]{3,64}$/;
/** How Havre calls a storage that nobody named. */
const GIVEN = /^storage-\d+$/;

/** @throws HavreError "invalid" for what cannot be the name of a new system */
export function mustBeName(name: string): void {
  if (!NAME.test(name)) throw wrong("The id of a system has 3 to 64 letters, digits, '.' and '-'.");
  if (GIVEN.test(name)) throw wrong(`The id ${name} is one that Havre gives itself. Choose another.`);
}

/** What runs work, what queues it and what it is called belong together. @throws HavreError "invalid" */
export function mustBeExecution({ type, scheduler, queues }: Execution): void {
  const bare = scheduler.replace(/^CUSTOM_/, "");
  if ((type === "CLI") !== (scheduler === "FORK"))
    throw wrong("executionType CLI goes with the scheduler FORK, and only with that.");
  if ((type === "CONDOR") !== (bare === "CONDOR"))
    throw wrong("executionType CONDOR goes with the scheduler CONDOR, and only with that.");
  if (type === "HPC" && !(BATCH_SCHEDULERS as readonly string[]).includes(bare))
    throw wrong(`executionType HPC needs a batch scheduler: ${BATCH_SCHEDULERS.join(", ")}.`);
  if (queues.length === 0) throw wrong("An execution system needs a queue.");
  const names = queues.map(({ name }) => name);
  if (new Set(names).size < names.length) throw wrong("Two queues have the same name.");
  if (queues.filter(({ isDefault }) => isDefault).length !== 1) throw wrong("Exactly one queue is the default one.");
}

/** How each engine is signed in to. */
const FOR_ENGINE: Readonly<Record<string, readonly CredentialType[]>> = {
  FOLDER: ["LOCAL"],
  S3: ["APIKEYS"],
  IRODS: ["PASSWORD", "PAM"],
  SFTP: ["PASSWORD", "SSHKEYS"],
};
const BY_PASSWORD: readonly CredentialType[] = ["PASSWORD"];
const FOR_LOGIN = { SSH: ["PASSWORD", "SSHKEYS"], LOCAL: ["LOCAL"] } as const satisfies Record<string, readonly CredentialType[]>;

/** With what a storage of this engine can be entered, the usual one first. */
export const credentialTypesFor = (engine: string): readonly CredentialType[] => FOR_ENGINE[engine] ?? BY_PASSWORD;

/** What kind of credential a storage has, by what is kept of it. */
export const credentialTypeOf = (engine: Engine, hasKey: boolean): CredentialType =>
  engine === "SFTP" && hasKey ? "SSHKEYS" : (credentialTypesFor(engine)[0] as CredentialType);

/** @throws HavreError "invalid" for a credential that does not open this, or has not what its type needs */
export function mustOpen(
  credential: Credential,
  parent: Parent,
  { engine, login }: { engine: string; login?: keyof typeof FOR_LOGIN },
): void {
  const allowed = parent === "storage" ? credentialTypesFor(engine) : login === undefined ? [] : FOR_LOGIN[login];
  const { type, username, password, privateKey } = credential;
  if (!(allowed as readonly string[]).includes(type))
    throw wrong(
      `A credential of type ${type} does not open this ${parent === "storage" ? "storage" : "login"}: ${allowed.join(", ")} does.`,
    );
  if (type !== "LOCAL" && username === "") throw wrong("The credential has no username.");
  if (type === "SSHKEYS" && privateKey === "") throw wrong("The credential has no privateKey.");
  if (["PASSWORD", "PAM", "APIKEYS"].includes(type) && password === "") throw wrong("The credential has no password.");
}

/** @throws HavreError "conflict" for a system that cannot be used now */
export function mustBeUp({ name, isAvailable, status }: Pick<SystemRecord, "name" | "isAvailable" | "status">): void {
  if (!isAvailable) throw unready(`System ${name} is disabled.`);
  if (status !== "UP") throw unready(`System ${name} is not up: its status is ${status}.`);
}

/** Where the relative paths of somebody begin, in the storage: "home/ada". */
export const homeOf = ({ home }: Pick<SystemRecord, "home">, username: string): string =>
  home.replace(/\$\{USERNAME\}/g, () => username);

/** Where on a public system everybody has a folder of their own: above what "${USERNAME}" stands for, else the home itself. */
export function homesOf({ home }: Pick<SystemRecord, "home">): string {
  const parts = home.split("/");
  const at = parts.findIndex(part => /\$\{USERNAME\}/.test(part));
  return (at < 0 ? parts : parts.slice(0, at)).join("/");
}
