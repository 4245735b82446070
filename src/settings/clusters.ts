import { bytes, text, whole } from "./kinds.ts";

export const clusters = {
  computeDir: text("COMPUTE_DIR", "", "Folder of work that runs on this machine, and of its images. Empty: DATA_DIR/compute."),
  computeCpu: whole("COMPUTE_CPU", "0", "Cores of this machine that work may take; 0: all."),
  computeMemory: bytes("COMPUTE_MEMORY", "0", "Memory of this machine that work may take; 0: what Havre itself does not need."),
};
