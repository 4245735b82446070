export { standingOf, terminateUpload } from "./actions.ts";
export { createJoined, createPart, createUpload } from "./create.ts";
export { Holds } from "./holds.ts";
export { Intake, tooLong } from "./intake.ts";
export type { Created, Metadata, NewUpload, Standing, Upload } from "./model.ts";
export { sweepBlobs, sweepUploads } from "./sweep.ts";
