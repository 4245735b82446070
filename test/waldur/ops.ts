import type { Asker, Json } from "./client.ts";
import { anOrder, type Scene } from "./scene.ts";

/** What the tests of the operations share. The scene is there once tests run. */
export interface Ops {
  /** A test with the numbers of the contract that it is about. */
  readonly ops: (numbers: string, what: string, act: () => Promise<void>) => void;
  readonly now: () => { readonly scene: Scene; readonly owner: Asker; readonly seller: Asker; readonly staff: Asker };
  readonly order: (as: Asker, offering: Json, more?: object) => Promise<Json>;
  readonly orderNow: (made: Json) => Promise<Json>;
  readonly act: (as: Asker, made: Json, verb: string, body?: unknown) => Promise<Json>;
  readonly resourceNow: (made: Json) => Promise<Json>;
}

export const opsOf = (it: (name: string, act: () => Promise<void>) => unknown, scene: () => Scene): Ops => ({
  ops: (numbers, what, act) => void it(`${numbers}: ${what}`, act),
  now: () => ({ scene: scene(), owner: scene().owner, seller: scene().seller, staff: scene().staff }),
  order: (as, offering, more = {}) => anOrder(scene(), as, offering, more),
  orderNow: made => scene().owner.get(`/api/marketplace-orders/${made.uuid}/`),
  act: (as, made, verb, body = {}) => as.post(`/api/marketplace-orders/${made.uuid}/${verb}/`, body),
  resourceNow: made => scene().owner.get(`/api/marketplace-resources/${made.marketplace_resource_uuid}/`),
});

export const today = (days = 0): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
export const month = `${today().slice(0, 7)}-01`;
