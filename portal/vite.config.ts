import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** In development the portal runs beside a Havre server on its usual port. */
const SERVER = `http://127.0.0.1:${process.env.PORT ?? 1337}`;

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "../dist/portal",
    emptyOutDir: true,
    target: "es2023",
    // The preload polyfill is only for browsers that miss other things the portal needs.
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "^/api/(?!admin(/|$))": SERVER, "/files": SERVER } },
});
