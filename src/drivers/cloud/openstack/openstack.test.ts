import { startOpenstack } from "../../../../emulators/openstack.ts";
import { behavesLikeCloud } from "../../../ports/cloud.suite.ts";
import { emulated } from "./emulated.fixture.ts";

behavesLikeCloud("an emulated OpenStack", async () => {
  const credential = { id: "credential", secret: "of the credential" };
  const emulator = await startOpenstack({ credential });
  const cloud = emulated(emulator);
  const stranger = emulated(emulator, {
    installation: "another",
    login: { credentialId: credential.id, credentialSecret: credential.secret },
  });
  return {
    cloud,
    stranger,
    image: "debian-13",
    flavor: "tiny",
    network: "inside",
    volume: "fast",
    outside: "outside",
    patienceMs: 10_000,
    async close() {
      await cloud.close();
      await stranger.close();
      await emulator.stop();
    },
  };
});
