import { Button, Textarea } from "@mantine/core";
import { IconFileUpload, IconShieldCheck } from "@tabler/icons-react";
import { type ChangeEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { PageHead, Panel } from "../parts/Panel.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Outcome } from "./Outcome.tsx";
import { BadReceipt, type ReceiptDocument, type ReceiptFault, readReceipt, type Verdict, verifyReceipt } from "./receipt.ts";
import css from "./verify.module.css";

/** Whose key it is: one of this server, another, or nobody could tell. */
export type Origin = "ours" | "theirs" | "unknown";
export type Result = { verdict: Verdict; receipt: ReceiptDocument; origin: Origin } | { fault: ReceiptFault };

/** Checks a receipt in the browser. Nothing is sent anywhere. */
export function VerifyPage() {
  const { t } = useTranslation();
  usePageTitle(t("verify.title"));
  const [text, setText] = useState("");
  const [result, setResult] = useState<Result>();
  const chooser = useRef<HTMLInputElement>(null);
  const check = async (given: string) => setResult(await resultOf(given));
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.currentTarget.files?.[0];
    event.currentTarget.value = "";
    if (!file) return;
    const content = await file.text();
    setText(content);
    await check(content);
  };
  return (
    <>
      <PageHead title={t("verify.title")} lead={<p>{t("verify.lead")}</p>} />
      <div className={css.columns}>
        <div>
          <Panel>
            <Textarea
              label={t("verify.paste")}
              description={t("verify.pasteHelp")}
              value={text}
              onChange={event => setText(event.currentTarget.value)}
              rows={9}
              spellCheck={false}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.85rem" } }}
            />
            <div className={css.buttons}>
              <Button leftSection={<IconShieldCheck size={18} />} disabled={!text.trim()} onClick={() => void check(text)}>
                {t("verify.go")}
              </Button>
              <Button variant="default" leftSection={<IconFileUpload size={18} />} onClick={() => chooser.current?.click()}>
                {t("verify.choose")}
              </Button>
              <input
                ref={chooser}
                type="file"
                accept=".json,application/json"
                hidden
                aria-label={t("verify.choose")}
                onChange={event => void choose(event)}
              />
            </div>
          </Panel>
          <div role="status" aria-live="polite" className={css.outcome}>
            {result && <Outcome result={result} />}
          </div>
        </div>
        <HowItWorks />
      </div>
    </>
  );
}

async function resultOf(text: string): Promise<Result> {
  try {
    const receipt = readReceipt(text);
    const verdict = await verifyReceipt(receipt);
    return { receipt, verdict, origin: await originOf(verdict.publicKey) };
  } catch (error) {
    if (error instanceof BadReceipt) return { fault: error.fault };
    throw error;
  }
}

/** The receipt stays here; only the server's public keys are fetched. */
async function originOf(publicKey: string): Promise<Origin> {
  try {
    const keys = await api<readonly { public_key: string }[]>("GET", "/v1/keys/");
    return keys.some(({ public_key }) => public_key === publicKey) ? "ours" : "theirs";
  } catch {
    return "unknown";
  }
}

function HowItWorks() {
  const { t } = useTranslation();
  return (
    <Panel title={t("verify.how")}>
      <ol className={css.steps}>
        <li>{t("verify.step1")}</li>
        <li>{t("verify.step2")}</li>
        <li>{t("verify.step3")}</li>
        <li>{t("verify.step4")}</li>
      </ol>
      <h3>{t("verify.offline")}</h3>
      <p>{t("verify.offlineText")}</p>
      <pre className={css.command}>havre verify receipt.json</pre>
    </Panel>
  );
}
