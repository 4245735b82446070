import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconShieldCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Copyable } from "../parts/Copy.tsx";
import { Panel } from "../parts/Panel.tsx";
import { HopFacts } from "../receipt/Custody.tsx";
import { moment } from "../units.ts";
import type { HopCheck } from "./receipt.ts";
import type { Result } from "./VerifyPage.tsx";
import css from "./verify.module.css";

/** Shows only what the signatures cover: the drop's id and the facts of its hops. */
export function Outcome({ result }: { result: Result }) {
  const { t, i18n } = useTranslation();
  if ("fault" in result)
    return (
      <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={t("verify.unreadable")}>
        {t(`verify.fault.${result.fault}`)}
      </Alert>
    );
  const { verdict, receipt, origin } = result;
  return (
    <>
      {verdict.sound ? (
        <Alert color="moss" variant="light" icon={<IconShieldCheck />} title={t("verify.sound")}>
          {t("verify.soundText")}
        </Alert>
      ) : (
        <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={t("verify.unsound")}>
          {t(verdict.agrees ? "verify.unsoundText" : "verify.summaryText")}
        </Alert>
      )}
      <div className={css.result}>
        <Panel title={t("receipt.custody")}>
          <p className={css.line}>
            <span>{t("receipt.id")}</span> <Copyable value={String(verdict.drop.id)} what={t("receipt.id")} />
          </p>
          <p className={css.line}>
            <span>{t("verify.key")}</span> <Copyable value={verdict.publicKey} what={t("verify.key")} />
          </p>
          <p>
            <strong>{t(`verify.origin.${origin}`)}</strong>
          </p>
          <ol className={css.hops}>
            {verdict.hops.map((check, index) => (
              <li key={check.seq}>
                <h3>
                  {check.seq}. {hopName(check.hop)}
                </h3>
                <p className={css.line}>{moment(check.at, i18n.language)}</p>
                <Checks check={check} />
                <HopFacts facts={receipt.hops[index]?.facts ?? {}} />
              </li>
            ))}
          </ol>
        </Panel>
      </div>
    </>
  );

  function hopName(hop: string): string {
    return t(`hop.${hop as "received"}`, { defaultValue: hop });
  }
}

function Checks({ check }: { check: HopCheck }) {
  const { t } = useTranslation();
  const rows = [
    [check.linked, t("verify.linked"), t("verify.notLinked")],
    [check.hashed, t("verify.hashed"), t("verify.notHashed")],
    [check.signed, t("verify.signed"), t("verify.notSigned")],
  ] as const;
  return (
    <ul className={css.checks}>
      {rows.map(([good, yes, no]) => (
        <li key={yes} data-good={good}>
          {good ? <IconCheck size={17} aria-hidden="true" /> : <IconX size={17} aria-hidden="true" />} {good ? yes : no}
        </li>
      ))}
    </ul>
  );
}
