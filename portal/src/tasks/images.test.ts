import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { imageOn, imagesOn } from "./images.ts";
import type { Compute } from "./types.ts";

describe("images and clusters", () => {
  const cluster = (name: string, images: string[], takes_other_images: boolean) => ({
    ...{ name, engine: name, said: "", suspends: true, nodes: [] },
    ...{ images, takes_other_images },
  });
  const compute = {
    images: ["host", "debian"],
    clusters: [
      cluster("local", ["host", "debian"], true),
      cluster("docker", ["alpine"], true),
      cluster("swarm", [], true),
      cluster("slurm", ["host"], false),
    ],
  } as unknown as Compute;

  it("each cluster offers its own; before any is known, all are offered", () => {
    assert.deepEqual(imagesOn(compute, "docker").images, ["alpine"]);
    assert.deepEqual(imagesOn(compute, ""), { images: ["host", "debian"], takes_other_images: true });
  });

  it("what was chosen stays where it can run, and gives way where it cannot", () => {
    const chosen = (name: string, image: string): string => imageOn(compute, name, image);
    assert.equal(chosen("local", "debian"), "debian");
    assert.equal(chosen("docker", "ghcr.example.org/lab/tool:1"), "ghcr.example.org/lab/tool:1");
    assert.equal(chosen("docker", "host"), "alpine");
    assert.equal(chosen("swarm", "host"), "");
    assert.equal(chosen("slurm", "debian"), "host");
  });
});
