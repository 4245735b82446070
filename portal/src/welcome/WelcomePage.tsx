import { Button } from "@mantine/core";
import { IconAnchor, IconArrowRight, IconReceipt, IconShip } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { usePortal } from "../api/session.ts";
import type { PortalInfo } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Panel } from "../parts/Panel.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Harbour } from "./Harbour.tsx";
import css from "./welcome.module.css";

export function WelcomePage() {
  const { t } = useTranslation();
  usePageTitle(undefined);
  const demo = usePortal()?.demo;
  return (
    <>
      <section className={css.hero}>
        <div>
          <h1>{t("welcome.title")}</h1>
          <p className={css.lead}>{t("welcome.lead")}</p>
          <div className={css.actions}>
            <Button size="md" rightSection={<IconArrowRight size={18} />} renderRoot={props => <Link to="/sign-in" {...props} />}>
              {t("signIn.action")}
            </Button>
            <Button size="md" variant="default" renderRoot={props => <Link to="/verify" {...props} />}>
              {t("verify.title")}
            </Button>
          </div>
        </div>
        <Harbour />
      </section>
      {demo && <Demo demo={demo} />}
      <ul className={css.points}>
        <li>
          <IconShip size={30} stroke={1.6} aria-hidden="true" />
          <h2>{t("welcome.point1")}</h2>
          <p>{t("welcome.text1")}</p>
        </li>
        <li>
          <IconAnchor size={30} stroke={1.6} aria-hidden="true" />
          <h2>{t("welcome.point2")}</h2>
          <p>{t("welcome.text2")}</p>
        </li>
        <li>
          <IconReceipt size={30} stroke={1.6} aria-hidden="true" />
          <h2>{t("welcome.point3")}</h2>
          <p>{t("welcome.text3")}</p>
        </li>
      </ul>
    </>
  );
}

function Demo({ demo }: { demo: NonNullable<PortalInfo["demo"]> }) {
  const { t } = useTranslation();
  const link = `${demo.drop_off_url}${demo.drop_off_url.includes("#") ? "" : `#code=${demo.upload_code}`}`;
  return (
    <div className={css.demo}>
      <Panel title={t("demo.title")}>
        <p className={css.demoText}>{t("demo.text")}</p>
        <div className={css.demoSteps}>
          <div>
            <p>{t("demo.drop")}</p>
            <Button variant="light" component="a" href={link}>
              {t("demo.open")}
            </Button>
            <p className={css.demoCode}>
              {t("dropoff.code")}: <Copyable value={demo.upload_code} what={t("dropoff.code")} />
            </p>
          </div>
          <div>
            <p>{t("demo.follow")}</p>
            <ul>
              {demo.accounts.map(account => (
                <li key={account.username}>
                  <code>{account.username}</code> / <code>{account.password}</code> <span>{account.role}</span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      </Panel>
    </div>
  );
}
