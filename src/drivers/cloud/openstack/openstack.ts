import { HavreError } from "../../../kernel/errors.ts";
import { sha256Hex } from "../../../kernel/secrets.ts";
import type { Cloud, CloudPlan, Progress } from "../../../ports/cloud.ts";
import type { GuardedHttp } from "../../http/guarded.ts";
import { type OpenstackAccess, openstackClient } from "./client.ts";
import { chooseFlavor, type Flavor } from "./flavors.ts";
import { diskFor, LOCAL, markOf, memoryFor, type NovaServer, servers } from "./servers.ts";
import { findImage, findNetwork, floating, gibOf, type Image, type Network, portsOf, type Volume, volumes } from "./things.ts";
import { userData } from "./user-data.ts";

export interface OpenstackSettings {
  readonly access: OpenstackAccess;
  readonly http: GuardedHttp;
  /** Tells this installation's servers from those of another on the same cloud; the same as long as the installation lives. */
  readonly installation: string;
  readonly answerWithinMs: number;
}

/**
 * OpenStack: Keystone v3, Nova, Neutron, Glance, and Cinder where a machine has a volume. Everything that is made for a machine
 * carries its mark, so that nothing is lost whatever is killed when: its server as a tag, its volume and key as their name, its
 * address as a description.
 */
export function openOpenstack({ access, http, installation, answerWithinMs }: OpenstackSettings): Cloud {
  const client = openstackClient(access, http, answerWithinMs);
  const ourTag = `havre-${sha256Hex(installation).slice(0, 16)}`;
  const nova = (signal: AbortSignal) => servers(client, signal);
  const cinder = (signal: AbortSignal) => volumes(client, signal);

  const sizeFor = async (plan: CloudPlan, image: Image, signal: AbortSignal): Promise<Flavor> =>
    chooseFlavor(await nova(signal).flavors(), {
      flavor: plan.flavor,
      memoryBytes: memoryFor(plan, image.memoryMib),
      diskBytes: diskFor(plan, image.diskGib),
      gpu: plan.gpu,
    });

  const networksOf = async (plan: CloudPlan, signal: AbortSignal): Promise<PlannedNetwork[]> => {
    const found: PlannedNetwork[] = [];
    for (const { code, isPublic } of plan.networks) found.push({ ...(await findNetwork(client, code, signal)), isPublic });
    if (found.length > 0 && found.every(isOutside))
      throw new HavreError("invalid", "OpenStack: a machine with an address of the outside network needs an inside network too.");
    return found;
  };

  const volumeOf = async (plan: CloudPlan, signal: AbortSignal): Promise<Volume | "none" | undefined> =>
    plan.storageCode === LOCAL ? "none" : cinder(signal).ensure(markOf(plan.key), plan.storageBytes, plan.storageCode);

  return {
    provider: "openstack",
    // A question that was cut off is worked on for as long as its answer would have been waited for, at most.
    settleMs: Math.round(answerWithinMs * 1.5),

    async check(signal) {
      const { used, most } = await nova(signal).limits();
      for (const service of ["image", "network"] as const)
        if (!(await client.has(service, signal)))
          throw new HavreError("invalid", `OpenStack: this cloud has no ${service} service.`);
      const hasVolumes = await client.has("volume", signal);
      return `${used} of ${most < 0 ? "any number of" : most} machines in use${hasVolumes ? "" : '; no volumes, so storage parts must be "local"'}`;
    },

    find: (key, signal) => nova(signal).withTag(markOf(key)),
    list: signal => nova(signal).withTag(ourTag),
    look: (remoteId, signal) => nova(signal).byId(remoteId),
    discard: (remoteId, signal) => nova(signal).remove(remoteId),

    async prepare(plan, signal) {
      // What is not there is found out before anything is made.
      await sizeFor(plan, await findImage(client, plan.image, signal), signal);
      await networksOf(plan, signal);
      const volume = await volumeOf(plan, signal);
      await nova(signal).ensureKey(markOf(plan.key), plan.publicKey);
      return volume === undefined ? "waiting" : "done";
    },

    async create(plan, signal) {
      const image = await findImage(client, plan.image, signal);
      const flavor = await sizeFor(plan, image, signal);
      const inside = (await networksOf(plan, signal)).filter(network => !isOutside(network));
      const volume = await volumeOf(plan, signal);
      if (volume === undefined) throw new HavreError("locked", "OpenStack: the volume of this machine is not ready yet.");
      const volumeId = volume === "none" ? undefined : volume.id;
      await nova(signal).create({
        name: plan.name,
        imageRef: image.id,
        flavorRef: flavor.id,
        key_name: markOf(plan.key),
        tags: [ourTag, markOf(plan.key)],
        metadata: { "havre-machine": plan.key },
        user_data: Buffer.from(userData(plan, volumeId)).toString("base64"),
        networks: inside.length === 0 ? "none" : inside.map(({ id }) => ({ uuid: id })),
        ...(volumeId === undefined ? {} : { block_device_mapping_v2: disksOf(image.id, volumeId) }),
      });
    },

    async connect(plan, remoteId, signal) {
      const wanted = await networksOf(plan, signal);
      if (wanted.length === 0) return "";
      const ports = await portsOf(client, remoteId, signal);
      const portIn = (network: Network | undefined) => ports.find(({ networkId }) => networkId === network?.id);
      const first = portIn(wanted.find(network => !isOutside(network)));
      if (!first || first.address === "") return undefined;
      const outside = wanted.find(isOutside);
      if (outside) return floating(client, signal).ensure(markOf(plan.key), outside.id, first.id);
      return portIn(wanted.find(({ isPublic }) => isPublic))?.address || first.address;
    },

    async change(plan, remoteId, signal) {
      const server = await nova(signal).byId(remoteId);
      if (!server) throw new HavreError("not-found", "OpenStack: this machine is not there any more.");
      if (server.state === "failed") throw new HavreError("invalid", `OpenStack: the machine has failed: ${server.fault}`);
      const flavor = await sizeFor(plan, await findImage(client, plan.image, signal), signal);
      if ((await grow(plan, signal)) === "waiting") return "waiting";
      return resize(server, flavor, signal);
    },

    async power(remoteId, to, signal) {
      if (to === "on") await nova(signal).start(remoteId);
      else if (to === "off") await nova(signal).stop(remoteId);
      else await nova(signal).reboot(remoteId);
    },

    async remove(key, signal) {
      const mark = markOf(key);
      const found = await nova(signal).withTag(mark);
      for (const { remoteId, state } of found) if (state !== "going") await nova(signal).remove(remoteId);
      if (found.length > 0) return "waiting";
      await floating(client, signal).removeAll(mark);
      if ((await client.has("volume", signal)) && (await removeVolumes(mark, signal)) === "waiting") return "waiting";
      await nova(signal).removeKey(mark);
      return "done";
    },

    close: () => http.close(),
  };

  async function grow(plan: CloudPlan, signal: AbortSignal): Promise<Progress> {
    if (plan.storageCode === LOCAL) return "done";
    const [volume] = await cinder(signal).find(markOf(plan.key));
    if (!volume) throw new HavreError("invalid", "OpenStack: the volume of this machine is not there any more.");
    if (volume.status.startsWith("error"))
      throw new HavreError("invalid", "OpenStack: the volume of this machine could not be enlarged.");
    if (volume.sizeGib >= gibOf(plan.storageBytes)) return "done";
    if (volume.status === "available" || volume.status === "in-use") await cinder(signal).extend(volume.id, plan.storageBytes);
    return "waiting";
  }

  async function resize(server: NovaServer, flavor: Flavor, signal: AbortSignal): Promise<Progress> {
    if (server.status === "VERIFY_RESIZE") {
      await nova(signal).confirmResize(server.remoteId);
      return "waiting";
    }
    if (server.state !== "running" && server.state !== "stopped") return "waiting";
    if (server.flavorName === flavor.name) return "done";
    await nova(signal).resize(server.remoteId, flavor.id);
    return "waiting";
  }

  async function removeVolumes(mark: string, signal: AbortSignal): Promise<Progress> {
    const found = await cinder(signal).find(mark);
    // Nova lets go of a volume a moment after the server is gone.
    for (const volume of found) if (!volume.isAttached && volume.status !== "deleting") await cinder(signal).remove(volume);
    return found.length > 0 ? "waiting" : "done";
  }
}

type PlannedNetwork = Network & { readonly isPublic: boolean };

/** No interface stands in it; an address of it is lent to one. */
const isOutside = ({ isPublic, isExternal }: PlannedNetwork): boolean => isPublic && isExternal;

/** The flavour's own disk with the system on it, and the volume, which we remove ourselves: it must never go by accident. */
const disksOf = (image: string, volume: string): readonly object[] => [
  { boot_index: 0, uuid: image, source_type: "image", destination_type: "local", delete_on_termination: true },
  { boot_index: -1, uuid: volume, source_type: "volume", destination_type: "volume", delete_on_termination: false },
];
