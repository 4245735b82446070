import type { ClusterView } from "../../core/tasks/index.ts";
import { asHavreError } from "../../kernel/errors.ts";
import { MIB } from "../../kernel/units.ts";
import type { Cluster } from "../../ports/cluster.ts";

/** What is kept of a cluster for those who have no connection to it. One that does not answer has no nodes, and says why. */
export async function clusterView(name: string, cluster: Cluster, seenAt: Date, signal: AbortSignal): Promise<ClusterView> {
  const { images, mounts, networks, ports, suspend, retime, queue, nodes, gpus, measure, arrays, dependencies } = cluster.can;
  const view = {
    name,
    engine: cluster.engine,
    can: { images, mounts, networks, ports, suspend, retime, queue, nodes, gpus, measure, arrays, dependencies },
    seenAt,
  };
  try {
    const capacity = await cluster.capacity(signal);
    const known = await cluster.images(signal);
    return {
      ...view,
      images: known.map(image => image.name),
      said: Object.entries(capacity.enforced)
        .map(([what, how]) => `${what}: ${how}`)
        .join(", "),
      nodes: capacity.nodes.map(node => ({
        name: node.name,
        state: node.state,
        cpu: node.cpu,
        memoryMib: Math.floor(node.memoryBytes / MIB),
        gpus: node.gpus,
        usedCpu: node.used.cpu,
        usedMemoryMib: Math.ceil(node.used.memoryBytes / MIB),
        usedGpus: node.used.gpus,
        diskBytes: node.disk?.bytes ?? 0,
        usedDiskBytes: node.disk?.usedBytes ?? 0,
        labels: node.labels,
      })),
    };
  } catch (thrown) {
    return { ...view, images: [], nodes: [], said: asHavreError(thrown).message };
  }
}
