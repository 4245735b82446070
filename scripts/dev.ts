import { spawn } from "node:child_process";

/** The server, started again when a file of it changes, and beside it the portal with hot reload, which passes API calls on to it. */
const children = [
  ["--watch", "--watch-preserve-output", "src/main.ts", "up"],
  ["node_modules/vite/bin/vite.js", "portal"],
].map(args => spawn(process.execPath, args, { stdio: "inherit" }));

// A Ctrl-C in a terminal reaches the children by itself; asking twice does no harm.
const stop = (): void => children.forEach(child => void child.kill("SIGTERM"));
process.on("SIGINT", stop).on("SIGTERM", stop);
for (const child of children) child.once("exit", stop);
