/** Shapes of the API that these pages use. */
export type TaskState = "created" | "pending" | "starting" | "running" | "over" | "archived";

export type Task = {
  id: number;
  parent: number | null;
  index: number | null;
  array: { first: number; last: number; step: number; count: number; running: number; over: number } | null;
  name: string;
  description: string;
  tags: string[];
  user: string;
  project: string | null;
  image: string;
  script: string;
  interactive: boolean;
  cpu: number;
  memory_mib: number;
  gpus: number;
  lifespan_seconds: number;
  after: number[];
  cluster: string;
  node: string;
  ports: { container: number; host: number }[];
  state: TaskState;
  suspended: boolean;
  wish: string | null;
  mark: string;
  reason: string | null;
  exit_code: number | null;
  seconds: number;
  shared: boolean;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

export type TaskWrite = {
  name: string;
  image: string;
  script: string;
  project: string;
  cluster: string;
  cpu: number;
  memory_mib: number;
  lifespan_seconds: number;
  array: string;
  after: number[];
  volumes: string[];
  notify: boolean;
};

export type Why = { cause: string; text: string; parents: number[]; before: number; reserved: number[]; at: string | null };
export type LogPiece = { text: string; from: number; next: number; size: number };
export type Sample = { at: string; cpu_seconds: number; memory_bytes: number };
export type TaskFile = { name: string; folder: boolean; size: number };
export type Recipe = {
  name: string;
  description: string;
  user: string;
  public: boolean;
  image: string;
  script: string;
  cpu: number;
  memory_mib: number;
  gpus: number;
  lifespan_seconds: number;
};

export type ClusterNode = {
  name: string;
  state: "up" | "closed" | "down";
  cpu: number;
  used_cpu: number;
  memory_mib: number;
  used_memory_mib: number;
  gpus: number;
  used_gpus: number;
};
export type Compute = {
  maintenance: boolean;
  images: string[];
  volumes: string[];
  projects: { id: string; name: string }[];
  defaults: { cpu: number; memory_mib: number; lifespan_seconds: number };
  pending: number;
  running: number;
  clusters: Cluster[];
};
export type Cluster = {
  name: string;
  engine: string;
  said: string;
  images: string[];
  takes_other_images: boolean;
  suspends: boolean;
  nodes: ClusterNode[];
};

export type ComputeAccount = {
  username: string;
  api_key: string;
  uid: number;
  public_key: string;
  quotas: { prio: number; seconds: number; cpu: number; memory_mib: number; gpus: number };
  window_days: number;
  usage: { day: string; tasks: number; cpu: number; memory_mib: number; gpus: number; seconds: number }[];
  budget: { unit: string; granted: number; available: number; held: number; spent: number }[];
};

export const isActive = ({ state }: Pick<Task, "state">): boolean => state !== "over" && state !== "archived";
