import type { Workload } from "../../../ports/cluster.ts";
import { containerPlan, type ImageFacts } from "../container.ts";
import type { Note } from "../notes.ts";

const BILLION = 1e9;
const LEAST_MEMORY = 6 * 1024 * 1024;

/** Labels by which containers of an installation are found. */
export const [MARK_LABEL, ID_LABEL] = ["havre.mark", "havre.id"];

interface Places {
  readonly box: string;
  readonly scratch: string;
  readonly mark: string;
}

/** What `POST /containers/create` is told. Nothing is shared with the machine but what is mounted. */
export async function containerBody(workload: Workload, note: Note, places: Places, image: ImageFacts): Promise<object> {
  const { account, limits, mount, network, ports } = workload;
  const plan = await containerPlan(workload, note, places, image.program);
  const memory = Math.max(LEAST_MEMORY, limits.memoryBytes);
  return {
    Image: image.id,
    Entrypoint: plan.entrypoint,
    Cmd: plan.args,
    Env: plan.env,
    User: plan.user,
    WorkingDir: mount,
    Labels: { [MARK_LABEL]: places.mark, [ID_LABEL]: workload.id },
    ExposedPorts: Object.fromEntries(ports.map(({ container }) => [`${container}/tcp`, {}])),
    HostConfig: {
      Mounts: plan.mounts,
      NetworkMode: network === "outside" ? "bridge" : network,
      PortBindings: Object.fromEntries(ports.map(({ container, host }) => [`${container}/tcp`, [{ HostPort: String(host) }]])),
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: Math.round(limits.cpu * BILLION),
      PidsLimit: limits.processes,
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": `rw,nosuid,nodev,mode=1777,size=${memory}` },
      ShmSize: memory,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      GroupAdd: account.groups.map(String),
      IpcMode: "private",
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
    },
  };
}
