import type { Dialect } from "../../http/dialect.ts";
import { healthRoutes } from "./admin/health.ts";
import { kindRoutes } from "./admin/kinds.ts";
import { appPasswordRoutes } from "./app-passwords.ts";
import { computeRoutes } from "./compute.ts";
import { costRoutes } from "./costs.ts";
import { dropRoutes } from "./drops.ts";
import { fileRoutes } from "./files.ts";
import { invitationRoutes } from "./invitations.ts";
import { machinePartRoutes } from "./machine-parts.ts";
import { machineRoutes } from "./machines.ts";
import { mailRoutes } from "./mails.ts";
import { marketRoutes } from "./market.ts";
import { noticeRoutes } from "./notices.ts";
import { offeringFileRoutes } from "./offering-files.ts";
import { type PortalFacts, portalRoutes } from "./portal-info.ts";
import { receiptRoutes } from "./receipts.ts";
import { researcherRoutes } from "./researchers.ts";
import { refusals } from "./schemas.ts";
import { sessionRoutes } from "./session.ts";
import { admit, signIn } from "./sign-in.ts";
import { storageRoutes } from "./storages.ts";
import { studyRoutes } from "./studies.ts";
import { taskRoutes } from "./tasks.ts";
import { tokenRoutes } from "./tokens.ts";
import { universityRoutes } from "./universities.ts";
import { userRoutes } from "./users.ts";
import { webhookRoutes } from "./webhook.ts";
import { refuse } from "./wire.ts";
import { workspaceRoutes } from "./workspaces.ts";

/** The RUG VRE broker's API, which is also the portal's. Contract: docs/api/vre.md. */
export const makeVre = (facts: PortalFacts): Dialect => ({
  name: "vre",
  signIn,
  admit,
  refuse,
  refusals,
  routes: [
    ...portalRoutes(facts),
    ...tokenRoutes,
    ...appPasswordRoutes,
    ...sessionRoutes,
    ...userRoutes,
    ...researcherRoutes,
    ...universityRoutes,
    ...studyRoutes,
    ...invitationRoutes,
    ...storageRoutes,
    ...fileRoutes,
    ...dropRoutes,
    ...machinePartRoutes,
    ...machineRoutes,
    ...workspaceRoutes,
    ...webhookRoutes,
    ...receiptRoutes,
    ...mailRoutes,
    ...taskRoutes,
    ...computeRoutes,
    ...marketRoutes,
    ...offeringFileRoutes,
    ...costRoutes,
    ...noticeRoutes,
    ...healthRoutes(facts),
    ...kindRoutes,
  ],
});
