import { type Health, type SelfTestResult, showHealth } from "../../../core/health/index.ts";
import { nothing, type Route, route, type Wire } from "../../../http/route.ts";
import type { PortalFacts } from "../portal-info.ts";
import { BOOLEAN, INTEGER, list, object, STAMP, STRING } from "../schemas.ts";
import { stamp } from "../wire.ts";

/** How it goes: what an administrator looks at first. */

const healthSchema = object({
  versions: object({ havre: STRING, node: STRING, postgres: STRING }),
  errands: object({ oldest_seconds: { type: "number" }, waiting: INTEGER, running: INTEGER, parked: INTEGER }),
  parked_deliveries: INTEGER,
  parked_mails: INTEGER,
  running_bulks: INTEGER,
  locks: INTEGER,
  sessions: INTEGER,
  free_bytes: INTEGER,
  database_bytes: INTEGER,
  self_tests: list(object({ name: STRING, ok: BOOLEAN, message: STRING, at: STAMP })),
});

const testShape = ({ name, ok, message, at }: SelfTestResult, timeZone: string) => ({
  name,
  ok,
  message,
  at: stamp(at, timeZone),
});

const healthShape = (version: string, health: Health, { settings }: Wire) => ({
  versions: { havre: version, node: process.versions.node, postgres: health.postgres },
  errands: {
    oldest_seconds: Math.max(0, health.errands.oldestSeconds),
    waiting: health.errands.waiting,
    running: health.errands.running,
    parked: health.errands.parked,
  },
  parked_deliveries: health.parkedDeliveries,
  parked_mails: health.parkedMails,
  running_bulks: health.runningBulks,
  locks: health.locks,
  sessions: health.sessions,
  free_bytes: health.freeBytes,
  database_bytes: health.databaseBytes,
  self_tests: health.tests.map(test => testShape(test, settings.timeZone)),
});

export const healthRoutes = ({ version }: PortalFacts): readonly Route[] => [
  route({
    method: "GET",
    path: "/api/v1/admin/health/",
    auth: "staff",
    tag: "administration",
    summary: "Versions, room, queues, what waits for somebody, and the last self tests.",
    reply: healthSchema,
    in: nothing,
    do: showHealth,
    out: (health, wire) => healthShape(version, health, wire),
  }),
];
