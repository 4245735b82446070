import type { ColumnType, GeneratedAlways } from "kysely";
import type { At, Default, Id, Json, MaybeAt } from "./columns.ts";

type JsonList = ColumnType<unknown[], string | undefined, string>;

interface Quotas {
  prio: Default<number>;
  quota_seconds: Default<number>;
  quota_cpu: Default<number>;
  quota_memory_mib: Default<number>;
  quota_gpus: Default<number>;
}

/** Tasks, where they run, and whose they are. */
export interface TaskTables {
  compute_account: Quotas & {
    person_id: number;
    uid: number;
    gid: number;
    groups: Default<number[]>;
    key_serial: Default<number>;
    public_key: Default<string>;
    email: Default<string | null>;
    guest_active: Default<boolean>;
    last_at: At;
  };
  compute_project: Quotas & { study_id: number; volumes: JsonList; epoch: Default<number> };
  compute_usage: {
    person_id: number;
    study_id: number;
    day: string;
    epoch: Default<number>;
    tasks: Default<number>;
    cpu: Default<number>;
    memory_mib: Default<number>;
    gpus: Default<number>;
    seconds: Default<number>;
    cpu_seconds: Default<number>;
  };
  compute_app_token: { id: Id; person_id: number; name: string; token_hash: string; token_sealed: Buffer; created_at: At };
  compute_cluster: {
    name: string;
    engine: string;
    place: number;
    can: Json;
    images: JsonList;
    nodes: JsonList;
    said: Default<string>;
    seen_at: At;
  };
  compute_place: { is_only: Default<boolean>; id: string };
  compute_maintenance: { node: string; is_on: boolean };
  compute_image: { name: string; runs: Default<number> };
  compute_metric: { name: string; host: Default<string>; value: number; at: At };
  task: {
    id: number;
    person_id: number;
    study_id: number | null;
    name: string;
    description: Default<string>;
    tags: Default<string[]>;
    image: string;
    script: Buffer;
    spec: Json;
    cpu: number;
    memory_mib: number;
    gpus: Default<number>;
    walltime_seconds: number;
    elements: Default<number>;
    cluster: string;
    state: string;
    wish: Default<string | null>;
    mark: Default<string>;
    reason: Default<string | null>;
    waits_for: Default<number>;
    created_at: At;
    queued_at: MaybeAt;
    started_at: MaybeAt;
    ended_at: MaybeAt;
    exit_code: Default<number | null>;
    run_seconds: Default<number>;
    retries: Default<number>;
    failures: Default<number>;
    failed_nodes: Default<string[]>;
    next_element: Default<number>;
    again: Default<number[]>;
    elements_running: Default<number>;
    elements_over: Default<number>;
    element_marks: ColumnType<Readonly<Record<string, string>>, string | undefined, string>;
    open: GeneratedAlways<boolean>;
  };
  task_share: { number: number; task_id: number; mark: string };
  task_parent: { task_id: number; parent_id: number };
  task_run: {
    id: Id;
    task_id: number;
    element: Default<number>;
    try: Default<number>;
    workload: string;
    cluster: string;
    node: Default<string>;
    remote_id: Default<string>;
    state: string;
    wish: Default<string | null>;
    mark: Default<string>;
    reason: Default<string | null>;
    cpu: number;
    memory_mib: number;
    gpus: number;
    walltime_seconds: number;
    ports: JsonList;
    claimed_at: At;
    started_at: MaybeAt;
    ended_at: MaybeAt;
    end_cause: Default<string | null>;
    exit_code: Default<number | null>;
    used: Json;
    disk_bytes: Default<number>;
    is_last: Default<boolean>;
    is_forgotten: Default<boolean>;
  };
  task_run_gone: { workload: string; cluster: string };
  task_sample: {
    run_id: number;
    at: Date;
    cpu_seconds: number;
    memory_bytes: number;
    received_bytes: number | null;
    sent_bytes: number | null;
  };
  task_recipe: {
    name: string;
    person_id: number;
    task_id: number;
    description: string;
    is_public: Default<boolean>;
    template: Json;
    created_at: At;
  };
}
