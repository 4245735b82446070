import type { CloudPlan } from "../../../ports/cloud.ts";

/** The first 20 characters of a volume's id are its serial number, by which Linux names the disk (virtio). */
const SERIAL = 20;

/**
 * What the machine itself does at its first start, for cloud-init: a user for the researcher, who gets in by key only, and the
 * volume under /data. JSON is YAML, so nothing needs to be quoted by hand.
 * @param volumeId undefined for a machine without one
 */
export function userData({ login, publicKey }: Pick<CloudPlan, "login" | "publicKey">, volumeId: string | undefined): string {
  const disk = volumeId === undefined ? undefined : `/dev/disk/by-id/virtio-${volumeId.slice(0, SERIAL)}`;
  const config = {
    users: [
      "default",
      {
        name: login,
        gecos: "Havre",
        shell: "/bin/bash",
        lock_passwd: true,
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        ssh_authorized_keys: [publicKey],
      },
    ],
    ssh_pwauth: false,
    disable_root: true,
    ...(disk === undefined
      ? {}
      : {
          // Never over data that is there: a volume outlives the machine's own disk.
          fs_setup: [{ device: disk, filesystem: "ext4", label: "data", overwrite: false }],
          mounts: [[disk, "/data", "ext4", "defaults,nofail", "0", "2"]],
        }),
  };
  return `#cloud-config\n${JSON.stringify(config, undefined, 2)}\n`;
}
