import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALL_OF_CLUSTERS, behavesLikeCluster } from "../../../ports/cluster.suite.ts";
import { bwrapMissing, openSmallLocal, removeSmallLocal } from "./local.fixture.ts";

for (const cages of ["auto", "rlimits"] as const)
  behavesLikeCluster(
    cages === "auto" ? "local" : "local without control groups",
    async () => {
      const home = await mkdtemp(join(tmpdir(), "havre-local-"));
      const local = await openSmallLocal(home, { cages });
      return { ...local, close: () => removeSmallLocal(home, local.cluster) };
    },
    { skip: bwrapMissing(), slow: ALL_OF_CLUSTERS },
  );
