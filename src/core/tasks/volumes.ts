import type { TaskSettings, TaskView } from "./model.ts";

/** A folder that a task may see: where it lies, where it is seen, and whether it may be written to. */
export interface MountedVolume {
  readonly name: string;
  readonly path: string;
  readonly mount: string;
  readonly acl: "ro" | "rw";
}

/** Where a person's own folders lie, below the root of all. */
export const homeFolder = (personId: number): string => `homes/${personId}`;
export const dataFolder = (personId: number): string => `data/${personId}`;
const HOME_MOUNT = "/mnt/home";
/** Names that are the system's own. */
const RESERVED = ["go-docker", "god-ftp"];

/**
 * Folders that a task asked for and that the site, the study or the person has; names that nobody knows are left out.
 * @param root of the shared folders, absolute
 */
export function mountsOf(view: TaskView, settings: Pick<TaskSettings, "computeVolumes">, root: string): MountedVolume[] {
  const { spec, personId } = view.task;
  const named = (text: string): string => text.replaceAll("$USERID", view.username);
  const offered = new Map<string, MountedVolume>(
    [
      ...settings.computeVolumes.map(volume => ({ ...volume, path: named(volume.path), mount: named(volume.mount) })),
      ...view.projectVolumes,
      { name: "home", path: `${root}/${homeFolder(personId)}`, mount: HOME_MOUNT, acl: "rw" as const },
    ].map(volume => [volume.name, volume]),
  );
  const asked = new Map(spec.volumes.map(volume => [volume.name, volume]));
  return [...asked.values()].flatMap(({ name, writable }) => {
    const volume = RESERVED.includes(name) ? undefined : offered.get(name);
    return volume
      ? [{ ...volume, acl: writable && volume.acl === "rw" && !spec.asRoot ? ("rw" as const) : ("ro" as const) }]
      : [];
  });
}
