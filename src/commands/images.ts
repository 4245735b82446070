import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { openLocalImages } from "../drivers/cluster/local/home.ts";
import { HavreError } from "../kernel/errors.ts";

/** `havre admin image …`: root filesystems that work runs in on this machine. They lie in a folder; no database is needed. */
export const IMAGE_USAGE = `  image import NAME FILE [--tag T]             a root filesystem (.tar, .tar.gz, .tar.zst) or an OCI image layout (a folder)
  image list                                   what is there; "host" is the machine's own system, and always there
  image remove NAME                            its bytes go with its last name`;

/** @returns the exit code: 0 done, 1 refused, 2 not understood */
export async function runImages(computeDir: string, args: readonly string[], out: (line: string) => void): Promise<number> {
  try {
    const options = { tag: { type: "string" }, json: { type: "boolean", default: false } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const [verb, name, file] = positionals;
    const images = await openLocalImages(join(computeDir, "local"));
    const say = (value: unknown, ...lines: readonly string[]): number => {
      for (const line of values.json ? [JSON.stringify(value, undefined, 2)] : lines) out(line);
      return 0;
    };
    if (verb === "list" && positionals.length === 1) {
      const all = await images.list();
      return say(all, ...(all.length > 0 ? all.map(image => `${image.name}  ${image.digest}`) : ["No image was imported."]));
    }
    if (verb === "import" && name !== undefined && file !== undefined && positionals.length === 3) {
      const tag = values.tag === undefined ? {} : { tag: values.tag };
      const image = await images.import(name, resolve(file), { architecture: process.arch, ...tag });
      return say(image, `Imported ${image.name} (${image.digest}).`);
    }
    if (verb === "remove" && name !== undefined && positionals.length === 2) {
      await images.remove(name);
      return say({ name }, `Removed ${name}.`);
    }
    out(`Usage: havre admin image …\n\n${IMAGE_USAGE}`);
    return 2;
  } catch (error) {
    if (error instanceof HavreError && error.kind !== "bug") out(error.message);
    else if (error instanceof TypeError) out(`${error.message}\nUsage: havre admin image …\n\n${IMAGE_USAGE}`);
    else throw error;
    return error instanceof HavreError ? 1 : 2;
  }
}
