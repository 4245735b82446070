import { IconAlertTriangle, IconCircleCheck, IconInbox, IconLock, IconRefresh, IconShip, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Hop } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { bytes, moment } from "../units.ts";
import css from "./receipt.module.css";

const ICON: Record<string, ReactNode> = {
  received: <IconInbox size={18} />,
  sealed: <IconLock size={18} />,
  delivered: <IconShip size={18} />,
  verified: <IconCircleCheck size={18} />,
  disproved: <IconAlertTriangle size={18} />,
  released: <IconTrash size={18} />,
  parked: <IconAlertTriangle size={18} />,
  refused: <IconAlertTriangle size={18} />,
  retried: <IconRefresh size={18} />,
};
const KNOWN = ["received", "sealed", "delivered", "verified", "parked", "retried", "released", "refused", "disproved"] as const;
/** In this order; what else the server tells follows under its own name. */
const FACTS = [
  "filename",
  "folder",
  "storage",
  "path",
  "sizeBytes",
  "sha256",
  "encrypted",
  "format",
  "how",
  "reason",
  "ip",
  "delivery",
] as const;
const HEX = /^[0-9a-f]{32,}$/;

/** Every hand the file went through, oldest first. */
export function Custody({ hops }: { hops: readonly Hop[] }) {
  const { t, i18n } = useTranslation();
  return (
    <ol className={css.chain}>
      {hops.map(hop => (
        <li key={hop.seq}>
          <span className={css.bead} aria-hidden="true">
            {ICON[hop.hop] ?? <IconCircleCheck size={18} />}
          </span>
          <div className={css.hop}>
            <h3>{hopName(hop.hop)}</h3>
            <p className={css.quiet}>
              <time dateTime={hop.at}>{moment(hop.at, i18n.language)}</time>
              {hop.by && ` · ${hop.by}`}
            </p>
            <HopFacts facts={hop.facts} />
            <details className={css.links}>
              <summary>{t("receipt.seal")}</summary>
              <dl>
                <dt>{t("receipt.hash")}</dt>
                <dd>
                  <Copyable value={hop.hash} what={t("receipt.hashOf", { seq: hop.seq })} />
                </dd>
                <dt>{t("receipt.signature")}</dt>
                <dd>
                  <Copyable value={hop.signature} what={t("receipt.signatureOf", { seq: hop.seq })} />
                </dd>
              </dl>
            </details>
          </div>
        </li>
      ))}
    </ol>
  );

  function hopName(hop: string): string {
    const known = KNOWN.find(name => name === hop);
    return known ? t(`hop.${known}`) : humanised(hop);
  }
}

/** The facts of a hop as the server wrote them; the portal does not need to know all their names beforehand. */
export function HopFacts({ facts }: { facts: Readonly<Record<string, unknown>> }) {
  const { t, i18n } = useTranslation();
  const names = new Set<string>([...FACTS.filter(name => name in facts), ...Object.keys(facts)]);
  const rows = [...names].map(name => [name, facts[name]] as const).filter(([, value]) => value !== null && value !== "");
  if (rows.length === 0) return null;
  return (
    <dl className={css.hopFacts}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{factName(name)}</dt>
          <dd>{shown(name, value)}</dd>
        </div>
      ))}
    </dl>
  );

  function factName(name: string): string {
    const known = FACTS.find(fact => fact === name);
    return known ? t(`fact.${known}`) : humanised(name);
  }

  function shown(name: string, value: unknown): ReactNode {
    if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
    if (typeof value === "number" && /size|bytes/i.test(name)) return bytes(value, i18n.language);
    if (typeof value === "string") return HEX.test(value) ? <Copyable value={value} what={factName(name)} short /> : value;
    return JSON.stringify(value);
  }
}

/** `sizeBytes`, `remote_name` → "Size bytes", "Remote name". */
function humanised(name: string): string {
  const words = name.replaceAll("_", " ").replaceAll(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
