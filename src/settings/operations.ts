import { count, oneOf, secret, text, whole } from "./kinds.ts";

export const operations = {
  tlsCert: text("TLS_CERT", "", "Certificate chain (PEM file): serve HTTPS."),
  tlsKey: text("TLS_KEY", "", "Its private key (PEM file)."),
  logLevel: oneOf(
    "debug",
    "info",
    "warn",
    "error",
    "silent",
  )("LOG_LEVEL", "info", "How much is logged, as JSON lines on standard output."),
  metricsToken: secret("METRICS_TOKEN", "", "Bearer token that /metrics asks for. Empty: only loopback may read it."),
  serveProcesses: count(
    "SERVE_PROCESSES",
    "1",
    "How many processes answer HTTP, all on PORT. 1: the one that is started. As many as there are cores: all of them are used.",
  ),
  signInMemoryMs: whole(
    "SIGN_IN_MEMORY_MS",
    "1000",
    "How long a process may know who has a token or a session without asking the database again; it forgets at once when it or another writes. 0: it asks with every request, so that what one process makes void is void in all at the same moment.",
  ),
  databaseConnections: count("DATABASE_CONNECTIONS", "16", "Most connections of one process to the database."),
};
