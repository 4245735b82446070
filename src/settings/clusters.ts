import { text } from "./kinds.ts";

export const clusters = {
  computeDir: text("COMPUTE_DIR", "", "Folder of work that runs on this machine, and of its images. Empty: DATA_DIR/compute."),
};
