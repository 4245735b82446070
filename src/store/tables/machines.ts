import type { At, Default, Id, MaybeAt, Stamped } from "./columns.ts";

export interface MachineTables {
  machine_part: Stamped & {
    id: Id;
    kind: string;
    provider: string;
    name: string;
    is_available: Default<boolean>;
    vm_code: Default<string>;
    unit_value: Default<number>;
    network_type: Default<string | null>;
  };
  machine_profile: Stamped & {
    id: Id;
    provider: string;
    name: string;
    is_available: Default<boolean>;
    cloud_id: Default<string>;
    os_id: number;
    memory_id: number;
    memory_amount: Default<number>;
    storage_id: number;
    storage_amount: Default<number>;
    gpu_id: Default<number | null>;
    gpu_amount: Default<number>;
    network_ids: Default<number[]>;
  };
  machine: Stamped & {
    id: Id;
    key: string;
    name: string;
    provider: string;
    study_id: number;
    researcher_id: number;
    profile_id: number;
    os_id: number;
    base_memory_id: number;
    base_memory_amount: number;
    base_storage_id: number;
    base_storage_amount: number;
    extra_memory_id: Default<number | null>;
    extra_memory_amount: Default<number>;
    extra_storage_id: Default<number | null>;
    extra_storage_amount: Default<number>;
    extra_gpu_id: Default<number | null>;
    extra_gpu_amount: Default<number>;
    network_ids: Default<number[]>;
    ssh_public_key: Default<string>;
  };
  machine_access: Stamped & {
    id: Id;
    machine_id: number;
    username: string;
    ip: Default<string>;
    public_key: Default<string>;
    login_key_sealed: Default<Buffer | null>;
    password_sealed: Default<Buffer | null>;
  };
  workspace: Stamped & {
    id: Id;
    machine_id: number;
    provider: string;
    cloud_id: Default<string>;
    status: string;
    status_message: Default<string>;
    power: Default<string>;
    claimed: Default<boolean>;
    task: Default<string | null>;
    task_failed: Default<boolean>;
    task_since: MaybeAt;
    asked_at: MaybeAt;
    missing_since: MaybeAt;
    starting_at: Date;
    ending_at: Date;
  };
  machine_orphan: { remote_id: string; provider: string; key: string; name: string; first_seen_at: At };
}
