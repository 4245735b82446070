import { count, oneOf, secret, text } from "./kinds.ts";

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
  databaseConnections: count("DATABASE_CONNECTIONS", "16", "Most connections of one process to the database."),
};
