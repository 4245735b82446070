/** A known world from one file: uuids, tokens and passwords fixed, so that clients can be configured beforehand. */
export { type Loaded, loadPreset } from "./load.ts";
