import { bytes, engineAddress, flag, labels, oneOf, restAddress, someOf, sshHost, text, whole } from "./kinds.ts";

export const CLUSTERS = ["local", "docker", "podman", "swarm", "slurm"] as const;

export const clusters = {
  computeClusters: someOf(...CLUSTERS)(
    "COMPUTE_CLUSTERS",
    "local",
    "Where tasks run, the default in front: any of `local`, `docker`, `podman`, `swarm`, `slurm`. A task may name another one of them.",
  ),
  computeDir: text(
    "COMPUTE_DIR",
    "",
    "Folder of the files of tasks, and of images of this machine. All nodes of all clusters must see it under this path. Empty: DATA_DIR/compute.",
  ),
  computeCpu: whole("COMPUTE_CPU", "0", "Cores of this machine that work may take; 0: all."),
  computeMemory: bytes("COMPUTE_MEMORY", "0", "Memory of this machine that work may take; 0: what Havre itself does not need."),
  computeLabels: labels(
    "COMPUTE_LABELS",
    "",
    "What `local`, `docker` and `podman` have: `storage=ssd, licence=3`. A task may ask for a label, or for units of one that is a number.",
  ),
  computeHostNetwork: flag(
    "COMPUTE_HOST_NETWORK",
    "false",
    "A task that wants a network gets its node's own one, loopback and all, on clusters that have no other (Docker without a bridge, a Swarm without SWARM_NETWORK).",
  ),
  computePull: oneOf("missing", "never")(
    "COMPUTE_PULL",
    "missing",
    "Whether Docker and Podman fetch an image that is not there. A Swarm's nodes always do.",
  ),
  dockerUrl: engineAddress(
    "DOCKER_URL",
    "unix:///var/run/docker.sock",
    "The Docker Engine of `docker`: a socket, or `https://host:2376` with certificates.",
  ),
  podmanUrl: engineAddress("PODMAN_URL", "unix:///run/podman/podman.sock", "Podman's service for `podman`, in the same way."),
  swarmUrl: engineAddress(
    "SWARM_URL",
    "unix:///var/run/docker.sock",
    "A manager of the Docker Swarm of `swarm`, in the same way.",
  ),
  engineCa: text("ENGINE_CACERT", "", "For engines at https: the authority of their certificates (PEM file)."),
  engineCert: text("ENGINE_CERT", "", "For engines at https: the certificate that Havre shows (PEM file)."),
  engineKey: text("ENGINE_KEY", "", "The private key of ENGINE_CERT (PEM file)."),
  swarmNetwork: text("SWARM_NETWORK", "", "An overlay network of the Swarm by which tasks reach other machines, by name."),
  slurmBin: text("SLURM_BIN", "", "Folder of Slurm's programs on this host, where they are not among the usual ones."),
  slurmConf: text("SLURM_CONF", "", "Slurm's configuration, where its programs do not find it by themselves (a file)."),
  slurmSsh: sshHost(
    "SLURM_SSH",
    "",
    "Run Slurm's programs on another host over SSH: `host`, `user@host` or `user@host:port`. Empty: on this one.",
  ),
  slurmSshKey: text("SLURM_SSH_KEY", "", "The private key for SLURM_SSH (a file without a passphrase). Empty: OpenSSH's own."),
  slurmSshKnownHosts: text("SLURM_SSH_KNOWN_HOSTS", "", "The list with the key of that host. Empty: OpenSSH's own."),
  slurmUrl: restAddress(
    "SLURM_URL",
    "",
    "slurmrestd, instead of Slurm's programs: `https://host:6820`, `http://` on this host, or `unix:///socket`.",
  ),
  slurmUser: text(
    "SLURM_USER",
    "",
    "Whose the token for SLURM_URL is: the account that Havre runs as, since all tasks run as that one.",
  ),
  slurmTokenFile: text(
    "SLURM_TOKEN_FILE",
    "",
    "A file with that token, as `scontrol token` prints it behind the equals sign. Read anew each time: replace it before it expires.",
  ),
  slurmOperator: flag(
    "SLURM_OPERATOR",
    "false",
    "Whoever runs Slurm's programs for Havre is an operator of Slurm: tasks can be suspended, and made to last longer.",
  ),
  slurmGpus: flag("SLURM_GPUS", "false", "Slurm gives out graphics processors, as `gres` of the name `gpu`."),
};
