import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, realpath, rmdir, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { Images } from "../images.ts";

/**
 * The folder of everything that runs on this machine, below which accounts other than ours must be able to come: `wanted`, or, where
 * they cannot pass (a checkout under /root, say), a folder under /var/lib/havre and a link to it.
 * Only to be passed through: nobody can list it.
 */
export async function openHome(wanted: string): Promise<string> {
  await mkdir(wanted, { recursive: true, mode: 0o711 });
  if (process.getuid?.() === 0 && !(await everybodyPasses(await realpath(wanted)))) await moveOut(wanted);
  const home = await realpath(wanted);
  const { uid } = await stat(home);
  if (uid !== process.getuid?.()) throw new HavreError("forbidden", `${home} must belong to the account that Havre runs as.`);
  await chmod(home, 0o711);
  return home;
}

/** The images of a home, without anything of what runs. */
export const openLocalImages = async (wanted: string): Promise<Images> => imagesIn(await openHome(wanted));
export const imagesIn = (home: string): Images => new Images(join(home, "images"));

/** Whether everybody may pass through every folder above. */
async function everybodyPasses(folder: string): Promise<boolean> {
  for (let above = dirname(folder); above !== dirname(above); above = dirname(above))
    if (((await stat(above)).mode & 0o001) === 0) return false;
  return true;
}

async function moveOut(wanted: string): Promise<void> {
  if ((await lstat(wanted)).isSymbolicLink()) return;
  const elsewhere = join("/var/lib/havre", createHash("sha256").update(wanted).digest("hex").slice(0, 16));
  await mkdir(elsewhere, { recursive: true, mode: 0o711 });
  try {
    await rmdir(wanted); // only an empty one goes
    await symlink(elsewhere, wanted);
  } catch (cause) {
    const why = `Work does not run as root, and its accounts cannot pass through to ${wanted}`;
    throw new HavreError("forbidden", `${why}: choose another folder with COMPUTE_DIR.`, { cause });
  }
}
