import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import type { Cluster } from "../../ports/cluster.ts";
import type { EngineAddress } from "./engine-api.ts";
import { PROGRAM_PATH } from "./local/trial.ts";

/** The settings that say where tasks run; see src/settings/clusters.ts. */
export interface ClusterSettings {
  readonly computeClusters: readonly ("local" | "docker" | "podman" | "swarm" | "slurm")[];
  readonly computeDir: string;
  readonly computeCpu: number;
  readonly computeMemory: number;
  readonly computeHostNetwork: boolean;
  readonly computeLabels: Readonly<Record<string, string>>;
  readonly computePull: "missing" | "never";
  readonly dockerUrl: string;
  readonly podmanUrl: string;
  readonly swarmUrl: string;
  readonly engineCa: string;
  readonly engineCert: string;
  readonly engineKey: string;
  readonly swarmNetwork: string;
  readonly slurmBin: string;
  readonly slurmConf: string;
  readonly slurmSsh: { readonly host: string; readonly user: string | undefined; readonly port: number | undefined } | undefined;
  readonly slurmSshKey: string;
  readonly slurmSshKnownHosts: string;
  readonly slurmUrl: string;
  readonly slurmUser: string;
  readonly slurmTokenFile: string;
  readonly slurmOperator: boolean;
  readonly slurmGpus: boolean;
}

export interface ClusterGround {
  /** Where the directories of tasks lie; notes are kept beside it. All nodes see both under these paths. */
  readonly shared: string;
  /** Of this installation, for as long as these folders live: what clusters hold of ours is found by it. */
  readonly mark: string;
  /** Files and folders that no work on this machine may ever see. */
  readonly hidden: readonly string[];
}

/** Opens a cluster, and looks whether work can run there. @throws HavreError when not now: it may be asked again */
export type OpenCluster = () => Promise<Cluster>;

const CHECK_MS = 30_000;

/** How to open each cluster that the settings name, by name, the default first. */
export function makeClusters(settings: ClusterSettings, ground: ClusterGround): ReadonlyMap<string, OpenCluster> {
  return new Map(
    settings.computeClusters.map(name => [
      name,
      async () => {
        const cluster = await opened(name, settings, ground);
        try {
          await cluster.check(AbortSignal.timeout(CHECK_MS));
          return cluster;
        } catch (error) {
          await cluster.close();
          throw error;
        }
      },
    ]),
  );
}

async function opened(
  name: ClusterSettings["computeClusters"][number],
  settings: ClusterSettings,
  { shared, mark, hidden }: ClusterGround,
): Promise<Cluster> {
  const { computeCpu: cpu, computeMemory: memoryBytes, computeHostNetwork: hostNetwork, computeLabels: labels } = settings;
  const folder = join(shared, "..", "notes", name);
  const engine = (url: string): EngineAddress => ({
    url,
    ...(settings.engineCa === "" ? {} : { caFile: settings.engineCa }),
    ...(settings.engineCert === "" ? {} : { certFile: settings.engineCert }),
    ...(settings.engineKey === "" ? {} : { keyFile: settings.engineKey }),
  });
  switch (name) {
    case "local": {
      const { openLocal } = await import("./local/local.ts");
      return openLocal({
        ...{ folder: settings.computeDir, shared, hidden, cpu, memoryBytes },
        ...{ hostPaths: [], hostNetwork: false, labels },
      });
    }
    case "docker":
    case "podman": {
      const { openDocker } = await import("./docker/docker.ts");
      const url = name === "docker" ? settings.dockerUrl : settings.podmanUrl;
      const pull = settings.computePull;
      // What a container engine has is its own matter: only what is said of this machine limits that of this machine.
      const room = url.startsWith("unix:") ? { cpu, memoryBytes } : { cpu: 0, memoryBytes: 0 };
      return asOurselves(await openDocker({ ...engine(url), folder, mark, pull, hostNetwork, ...room, labels }));
    }
    case "swarm": {
      const { openSwarm } = await import("./swarm/swarm.ts");
      if (settings.swarmNetwork === "" && !hostNetwork)
        throw new HavreError(
          "invalid",
          "A Swarm has no network without other machines: set SWARM_NETWORK or COMPUTE_HOST_NETWORK.",
        );
      const outsideNetwork = settings.swarmNetwork;
      return asOurselves(await openSwarm({ ...engine(settings.swarmUrl), folder, mark, outsideNetwork, hostNetwork }));
    }
    case "slurm":
      return slurm(settings, folder, mark);
  }
}

async function slurm(settings: ClusterSettings, folder: string, mark: string): Promise<Cluster> {
  const { openSlurm } = await import("./slurm/slurm.ts");
  const { slurmSsh, slurmBin, slurmConf, slurmSshKey, slurmSshKnownHosts, slurmOperator: operator, slurmGpus: gpus } = settings;
  const isRoot = process.getuid?.() === 0;
  if (settings.slurmUrl !== "") {
    if (isRoot)
      throw new HavreError("invalid", "Through slurmrestd all tasks run as one account: run Havre as that one, not as root.");
    const rest = { url: settings.slurmUrl, user: settings.slurmUser, tokenFile: settings.slurmTokenFile };
    return openSlurm({ folder, mark, rest, environment: {}, accounts: false, operator: false, gpus });
  }
  const accounts = isRoot && (slurmSsh?.user ?? "root") === "root";
  // Folders would be made for one account, and the work be done by another.
  if (isRoot && !accounts)
    throw new HavreError(
      "invalid",
      `As root, Havre must be root on ${slurmSsh?.host} too: else run it as the account that SLURM_SSH names.`,
    );
  const ssh = slurmSsh && {
    host: slurmSsh.host,
    ...(slurmSsh.user === undefined ? {} : { user: slurmSsh.user }),
    ...(slurmSsh.port === undefined ? {} : { port: slurmSsh.port }),
    ...(slurmSshKey === "" ? {} : { keyFile: slurmSshKey }),
    ...(slurmSshKnownHosts === "" ? {} : { knownHostsFile: slurmSshKnownHosts }),
  };
  const path = slurmBin === "" ? PROGRAM_PATH : `${slurmBin}:${PROGRAM_PATH}`;
  const environment = { PATH: path, ...(slurmConf === "" ? {} : { SLURM_CONF: slurmConf }) };
  return openSlurm({ folder, mark, ...(ssh ? { ssh } : {}), environment, accounts, operator, gpus });
}

/** Where Havre is not root it cannot give folders away, so what works in them must be the same account. */
function asOurselves(cluster: Cluster): Cluster {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (uid === 0) return cluster;
  const account = { uid, gid, groups: [], asRoot: false };
  return {
    ...cluster,
    can: { ...cluster.can, accounts: false },
    submit: (workload, signal) => cluster.submit({ ...workload, account }, signal),
  };
}
