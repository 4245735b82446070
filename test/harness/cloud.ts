import { sql } from "kysely";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import { INITIAL_CATALOGUE, loadCatalogue } from "../../src/core/machines/index.ts";
import { Store } from "../../src/store/store.ts";
import type { Havre } from "./havre.ts";

/** A cloud for a server of the tests, and what that must be told of it. */
export interface TestCloud {
  readonly emulator: OpenstackEmulator;
  readonly env: Readonly<Record<string, string>>;
  /** Gives the server the initial catalogue, in this cloud's words. */
  furnish(havre: Havre): Promise<void>;
  stop(): Promise<void>;
}

export async function startCloud(stepMs = 50): Promise<TestCloud> {
  const emulator = await startOpenstack({ stepMs });
  return {
    emulator,
    env: {
      OPENSTACK_AUTH_URL: emulator.authUrl,
      OPENSTACK_USERNAME: "havre",
      OPENSTACK_PASSWORD: "secret",
      OPENSTACK_PROJECT: "havre",
      OPENSTACK_ADDRESSES: "127.0.0.0/8",
    },
    async furnish({ database }) {
      const store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
      await loadCatalogue({ store }, INITIAL_CATALOGUE, false);
      await sql`
        update machine_part set vm_code = case kind
          when 'os' then 'debian-13' when 'storage' then 'fast' when 'gpu' then 'gpu'
          when 'network' then case network_type when 'public' then 'outside' else 'inside' end else '' end
        where provider = 'openstack'`.execute(store.db);
      await store.close();
    },
    stop: () => emulator.stop(),
  };
}
