import type { Workload } from "../../../ports/cluster.ts";
import { containerPlan } from "../container.ts";
import type { Note } from "../notes.ts";

const BILLION = 1e9;
const LEAST_MEMORY = 6 * 1024 * 1024;

export const [MARK_LABEL, ID_LABEL] = ["havre.mark", "havre.id"];

interface Places {
  readonly box: string;
  readonly scratch: string;
  readonly mark: string;
}

/**
 * What `POST /services/create` is told: a job of one task. What a command needs is also set aside, so that Swarm finds it a node.
 * @param more `network`: its name; `avoid`: Swarm's ids of nodes; `program`: the image's own, when that is run */
export async function serviceBody(
  workload: Workload,
  note: Note,
  places: Places,
  more: { readonly network: string; readonly avoid: readonly string[]; readonly program: readonly string[] },
): Promise<object> {
  const { network, avoid, program } = more;
  const { account, image, labels, limits, mount, ports, units } = workload;
  const plan = await containerPlan(workload, note, places, program);
  const memory = Math.max(LEAST_MEMORY, limits.memoryBytes);
  const cpu = Math.round(limits.cpu * BILLION);
  const tmp = { Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: memory, Mode: 0o1777 } };
  return {
    Name: note.name,
    Labels: { [MARK_LABEL]: places.mark, [ID_LABEL]: workload.id },
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Command: plan.entrypoint,
        Args: plan.args,
        Env: plan.env,
        User: plan.user,
        Groups: account.groups.map(String),
        Dir: mount,
        Mounts: [...plan.mounts, tmp],
        ReadOnly: true,
        StopGracePeriod: 1_000_000, // nanoseconds: what is ended is killed
        CapabilityDrop: ["ALL"],
      },
      Resources: {
        Limits: { NanoCPUs: cpu, MemoryBytes: memory, Pids: limits.processes },
        Reservations: {
          NanoCPUs: cpu,
          MemoryBytes: memory,
          GenericResources: Object.entries(units ?? {}).map(([Kind, Value]) => ({ DiscreteResourceSpec: { Kind, Value } })),
        },
      },
      RestartPolicy: { Condition: "none" },
      Placement: {
        Constraints: [
          ...Object.entries(labels).map(([name, value]) => `node.labels.${name} == ${value}`),
          ...avoid.map(node => `node.id != ${node}`),
        ],
      },
      Networks: [{ Target: network }],
      LogDriver: { Name: "none" },
    },
    Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
    EndpointSpec: {
      Ports: ports.map(({ container, host }) => ({
        Protocol: "tcp",
        TargetPort: container,
        PublishedPort: host,
        PublishMode: "host",
      })),
    },
  };
}
