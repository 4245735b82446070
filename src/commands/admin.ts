import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parkedErrands, requeueErrand } from "../core/errands/index.ts";
import { INITIAL_CATALOGUE, loadCatalogue, readCatalogue } from "../core/machines/index.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations, readOrganisations } from "../core/organisations/index.ts";
import {
  addPerson,
  listGroups,
  listMembers,
  listPeople,
  personByName,
  rotateApiToken,
  rotateHawkPair,
  setActive,
  setMembership,
  setPassword,
  showHawkPair,
  tokensOf,
} from "../core/people/index.ts";
import { type Person, SYSTEM } from "../core/people/model.ts";
import { loadPreset } from "../core/presets/index.ts";
import type { World } from "../core/world.ts";
import { fieldsIn, HavreError, notFound } from "../kernel/errors.ts";
import { newKey } from "../kernel/ids.ts";
import { IMAGE_USAGE } from "./images.ts";

/** `havre admin …`: accounts, groups, tokens, first data and parked work, for whoever holds the database. */
const USAGE = `Usage: havre admin <command> [options]

  user create NAME [--email A] [--first-name F] [--last-name L] [--staff] [--superuser] [--group G]...
                   [--password-stdin]          without it a password is made and printed once
  user password NAME [--password-stdin]        a new password; every session ends
  user list                                    everybody
  user show NAME                               one account and when its tokens were used
  user activate NAME | user deactivate NAME    let somebody in, or put them out at once
  group add GROUP NAME | group remove GROUP NAME
  group list [GROUP]                           all groups, or the members of one
  token show NAME                              the Hawk token; an API token is kept as a hash and cannot be shown
  token rotate NAME --kind hawk|api            a new token; the old one is void
  load university [FILE]                       universities, faculties and fields: those that come with Havre, or a list of
                                               your own (docs/operations.md); again changes nothing
  load virtual_machine [FILE]                  what machines are made of: a first set, or your own from FILE (JSON),
                                               which writes over what has the same name; see docs/machines.md
${IMAGE_USAGE}
  load preset FILE                             a known world for the marketplace's API (docs/operations.md); again changes nothing
  errand list                                  background work that is parked, with its reason
  errand retry ID                              queue a parked one again

Options:
  --json             one JSON value instead of text
  --password-stdin   read the password from standard input
  --help             this page`;

const OPTIONS = {
  email: { type: "string", default: "" },
  "first-name": { type: "string", default: "" },
  "last-name": { type: "string", default: "" },
  staff: { type: "boolean", default: false },
  superuser: { type: "boolean", default: false },
  group: { type: "string", multiple: true, default: [] as string[] },
  kind: { type: "string" },
  json: { type: "boolean", default: false },
  "password-stdin": { type: "boolean", default: false },
  help: { type: "boolean", default: false, short: "h" },
} as const;

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });

/** One call of a command: what it was given, and where its input comes from. */
interface Call {
  readonly world: World;
  readonly names: readonly string[];
  readonly options: ReturnType<typeof parse>["values"];
  readonly input: AsyncIterable<Buffer | string>;
}

/** What a command answers: lines for people, a value for programs. */
interface Answer {
  readonly lines: readonly string[];
  readonly value: unknown;
}

interface Command {
  /** Names of what must follow it; one with a `?` may be left out. */
  readonly takes: readonly string[];
  readonly run: (call: Call) => Promise<Answer>;
}

/** A mistake of whoever typed the command. */
class Misuse extends Error {}

/**
 * @param out takes each line of the answer; secrets among them are shown this once
 * @param input what `--password-stdin` reads
 * @returns the exit code: 0 done, 1 refused, 2 not understood
 */
export async function runAdmin(
  world: World,
  args: readonly string[],
  out: (line: string) => void,
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<number> {
  try {
    const { values: options, positionals } = parse(args);
    if (options.help || positionals.length === 0) {
      out(USAGE);
      return options.help ? 0 : 2;
    }
    const { run, names } = find(positionals);
    const { lines, value } = await run({ world, names, options, input });
    for (const line of options.json ? [JSON.stringify(value, undefined, 2)] : lines) out(line);
    return 0;
  } catch (error) {
    return complain(error, out);
  }
}

function find([area = "", verb = "", ...names]: readonly string[]): { run: Command["run"]; names: readonly string[] } {
  const command = Object.hasOwn(COMMANDS, `${area} ${verb}`) ? COMMANDS[`${area} ${verb}`] : undefined;
  if (!command) throw new Misuse(`There is no command "${`${area} ${verb}`.trim()}".`);
  const needed = command.takes.filter(name => !name.endsWith("?"));
  if (names.length < needed.length) throw new Misuse(`"${area} ${verb}" needs ${needed.join(" and ")}.`);
  if (names.length > command.takes.length) throw new Misuse(`"${names[command.takes.length]}" is one word too many.`);
  return { run: command.run, names };
}

function complain(error: unknown, out: (line: string) => void): number {
  if (error instanceof Misuse || isParseError(error)) {
    out(`${error.message}\nSee: havre admin --help`);
    return 2;
  }
  if (!(error instanceof HavreError) || error.kind === "bug") throw error;
  const fields = fieldsIn(error);
  if (!fields) out(error.message);
  for (const [field, messages] of Object.entries(fields ?? {})) out(`${field}: ${messages.join(" ")}`);
  return 1;
}

const isParseError = (error: unknown): error is Error =>
  error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");

const COMMANDS: Readonly<Record<string, Command>> = {
  "user create": { takes: ["NAME"], run: createUser },
  "user password": { takes: ["NAME"], run: changePasswordOf },
  "user list": { takes: [], run: listUsers },
  "user show": { takes: ["NAME"], run: showUser },
  "user activate": { takes: ["NAME"], run: call => switchUser(call, true) },
  "user deactivate": { takes: ["NAME"], run: call => switchUser(call, false) },
  "group add": { takes: ["GROUP", "NAME"], run: call => changeGroup(call, true) },
  "group remove": { takes: ["GROUP", "NAME"], run: call => changeGroup(call, false) },
  "group list": { takes: ["GROUP?"], run: showGroups },
  "token show": { takes: ["NAME"], run: showToken },
  "token rotate": { takes: ["NAME"], run: rotateToken },
  "load university": { takes: ["FILE?"], run: loadUniversities },
  "load virtual_machine": { takes: ["FILE?"], run: loadMachineCatalogue },
  "load preset": { takes: ["FILE"], run: loadPresetFile },
  "errand list": { takes: [], run: listErrands },
  "errand retry": { takes: ["ID"], run: retryErrand },
};

const GENERATED_PASSWORD = 20;

/** The password to set, and whether it must be told. */
async function passwordOf({ options, input }: Call): Promise<{ password: string; told: readonly string[]; value: object }> {
  if (!options["password-stdin"]) {
    const password = newKey(GENERATED_PASSWORD);
    return { password, told: [`password: ${password}`], value: { password } };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  const password = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (password === "") throw new Misuse("Standard input has no password.");
  return { password, told: [], value: {} };
}

async function createUser(call: Call): Promise<Answer> {
  const { world, options } = call;
  const { password, told, value } = await passwordOf(call);
  const wanted = {
    username: nameIn(call),
    email: options.email,
    firstName: options["first-name"],
    lastName: options["last-name"],
    isStaff: options.staff || options.superuser,
    isSuperuser: options.superuser,
    groups: options.group,
  };
  const person = await addPerson(world, SYSTEM, wanted, password);
  return { lines: [`Created ${person.username} (${person.id}).`, ...told], value: { ...factsOf(person), ...value } };
}

async function changePasswordOf(call: Call): Promise<Answer> {
  const { password, told, value } = await passwordOf(call);
  const person = await setPassword(call.world, SYSTEM, nameIn(call), password);
  return { lines: [`${person.username} has a new password.`, ...told], value: { ...factsOf(person), ...value } };
}

const EVERYBODY = { offset: 0, limit: 100_000 };

async function listUsers({ world }: Call): Promise<Answer> {
  const { items } = await listPeople(world, SYSTEM, EVERYBODY);
  return { lines: items.map(lineOf), value: items.map(factsOf) };
}

async function showUser(call: Call): Promise<Answer> {
  const person = await personByName(call.world, nameIn(call));
  const tokens = await tokensOf(call.world, person.id);
  const facts = {
    ...factsOf(person),
    tokens: tokens.map(({ kind, key, lastUsedAt }) => ({ kind, key, last_used_at: lastUsedAt ?? null })),
  };
  const used = tokens.map(
    ({ kind, key, lastUsedAt }) => `token ${kind}: ${key}, ${lastUsedAt ? `used ${lastUsedAt.toISOString()}` : "never used"}`,
  );
  return {
    lines: [...Object.entries(factsOf(person)).map(([name, value]) => `${name}: ${String(value)}`), ...used],
    value: facts,
  };
}

async function switchUser(call: Call, isActive: boolean): Promise<Answer> {
  const person = await setActive(call.world, SYSTEM, nameIn(call), isActive);
  return { lines: [`${person.username} is ${isActive ? "active" : "inactive"}.`], value: factsOf(person) };
}

async function changeGroup({ world, names: [group = "", username = ""] }: Call, isMember: boolean): Promise<Answer> {
  const person = await setMembership(world, SYSTEM, group, username, isMember);
  return { lines: [`${person.username} is ${isMember ? "in" : "not in"} ${group}.`], value: factsOf(person) };
}

async function showGroups({ world, names: [group] }: Call): Promise<Answer> {
  if (group === undefined) {
    const groups = await listGroups(world);
    return { lines: groups.map(({ name, members }) => `${name} (${members})`), value: groups };
  }
  const members = await listMembers(world, group);
  return { lines: members.map(lineOf), value: members.map(factsOf) };
}

async function showToken(call: Call): Promise<Answer> {
  const person = await personByName(call.world, nameIn(call));
  const pair = await showHawkPair(call.world, SYSTEM, person.id);
  if (!pair)
    throw new HavreError(
      "not-found",
      `${person.username} has no Hawk token; make one with: token rotate ${person.username} --kind hawk`,
    );
  return { lines: [`key: ${pair.key}`, `secret: ${pair.secret}`], value: pair };
}

async function rotateToken(call: Call): Promise<Answer> {
  const { world, options } = call;
  const person = await personByName(world, nameIn(call));
  if (options.kind === "hawk") {
    const pair = await rotateHawkPair(world, SYSTEM, person.id);
    return { lines: [`key: ${pair.key}`, `secret: ${pair.secret}`], value: pair };
  }
  if (options.kind !== "api") throw new Misuse('"token rotate" needs --kind hawk or --kind api.');
  const token = await rotateApiToken(world, SYSTEM, person.id);
  return { lines: [`token: ${token}`], value: { token } };
}

const nameIn = ({ names }: Call): string => names[0] ?? "";

const factsOf = (person: Person) => ({
  id: person.id,
  username: person.username,
  email: person.email,
  first_name: person.firstName,
  last_name: person.lastName,
  is_active: person.isActive,
  is_staff: person.isStaff,
  is_superuser: person.isSuperuser,
  groups: person.groups,
});

function lineOf(person: Person): string {
  const marks = [
    ...(person.isActive ? [] : ["inactive"]),
    ...(person.isSuperuser ? ["superuser"] : person.isStaff ? ["staff"] : []),
    ...person.groups,
  ];
  return [String(person.id), person.username, person.email, marks.join(" ")].filter(part => part !== "").join("  ");
}

async function loadUniversities({ world, names: [file] }: Call): Promise<Answer> {
  const added = await loadOrganisations(world, file === undefined ? INITIAL_ORGANISATIONS : readOrganisations(textOf(file)));
  return { lines: [`${added} rows added.`], value: { added } };
}

async function loadMachineCatalogue({ world, names: [file] }: Call): Promise<Answer> {
  const added =
    file === undefined
      ? await loadCatalogue(world, INITIAL_CATALOGUE, false)
      : await loadCatalogue(world, readCatalogue(textOf(file)), true);
  return { lines: [`${added} rows added.`], value: { added } };
}

async function loadPresetFile({ world, names: [file = ""] }: Call): Promise<Answer> {
  const loaded = await loadPreset(world, parsed(file));
  const counts = Object.entries(loaded.counts).map(([key, count]) => `${key}: ${count}`);
  return { lines: [...loaded.warnings.map(warning => `warning: ${warning}`), ...counts], value: loaded };
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(textOf(file));
  } catch (error) {
    if (error instanceof Misuse) throw error;
    throw new Misuse(`${file} is no JSON: ${(error as Error).message}`);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Misuse(`${file} cannot be read: ${(cause as Error).message}`);
  }
}

async function listErrands({ world }: Call): Promise<Answer> {
  const parked = await parkedErrands(world);
  const lines = parked.map(({ id, kind, attempts, error }) => `${id}  ${kind}  ${attempts} tries  ${error}`);
  return { lines: lines.length > 0 ? lines : ["Nothing is parked."], value: parked };
}

async function retryErrand({ world, names }: Call): Promise<Answer> {
  const id = Number(names[0]);
  if (!Number.isSafeInteger(id)) throw notFound(`No parked errand has the number ${names[0]}.`);
  await requeueErrand(world, SYSTEM, { id });
  return { lines: [`Errand ${id} is queued again.`], value: { id } };
}
