import type { Cluster, Compute } from "./types.ts";

/** What a task may name as its image on one cluster; before any cluster was seen, whatever is offered. */
export const imagesOn = ({ clusters, images }: Compute, name: string): Pick<Cluster, "images" | "takes_other_images"> =>
  clusters.find(cluster => cluster.name === name) ?? { images, takes_other_images: true };

/** The image that was chosen, where this cluster has it or may fetch it; else the first that it has. */
export function imageOn(compute: Compute, name: string, chosen: string): string {
  const { images, takes_other_images: takesOthers } = imagesOn(compute, name);
  const fits = images.includes(chosen) || (takesOthers && chosen !== "host");
  return fits ? chosen : (images[0] ?? "");
}
