import { Button } from "@mantine/core";
import { IconShoppingCart } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Fact, Facts, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Carried } from "./Carried.tsx";
import { Compare } from "./Compare.tsx";
import { useTypeName } from "./Facets.tsx";
import css from "./market.module.css";
import { offeringQuery } from "./queries.ts";
import { textOf } from "./text.ts";
import type { Offering } from "./types.ts";

export function OfferingPage() {
  const { t } = useTranslation();
  const { uuid } = useParams({ from: "/signed-in/market/offerings/$uuid" });
  const offering = useQuery(offeringQuery(uuid));
  usePageTitle(offering.data?.name ?? t("market.catalogue"));
  if (offering.error instanceof ApiError && offering.error.status === 404) return <NotFound text={t("market.offeringGone")} />;
  if (offering.error) return <Failure error={offering.error} retry={offering.refetch} />;
  if (!offering.data) return <Waiting rows={6} />;
  return <Shown offering={offering.data} />;
}

function Shown({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const paused = offering.state !== "Active";
  return (
    <>
      <PageHead
        above={<Link to="/market/">{t("market.catalogue")}</Link>}
        title={offering.name}
        lead={
          <>
            {offering.description && <p>{offering.description}</p>}
            {paused && (
              <p className={css.state}>
                <Tag tone="quiet">{t("market.offering.Paused")}</Tag>
                <span>{offering.paused_reason || t("market.pausedText")}</span>
              </p>
            )}
          </>
        }
        actions={
          !paused && (
            <Button
              leftSection={<IconShoppingCart size={18} />}
              renderRoot={props => <Link to="/market/offerings/$uuid/order" params={{ uuid: offering.uuid }} {...props} />}
            >
              {t("market.order")}
            </Button>
          )
        }
      />
      <div className={css.columns}>
        <div>
          {(offering.full_description || offering.getting_started) && (
            <Panel title={t("market.about")}>
              <Paragraphs html={offering.full_description} />
              {offering.getting_started && <h3>{t("market.gettingStarted")}</h3>}
              <Paragraphs html={offering.getting_started} />
            </Panel>
          )}
          <Carried uuid={offering.uuid} />
          <Compare offering={offering} />
          {offering.terms_of_service && (
            <Panel title={t("market.terms")}>
              <Paragraphs html={offering.terms_of_service} />
            </Panel>
          )}
        </div>
        <About offering={offering} />
      </div>
    </>
  );
}

/** Texts of providers may carry marks of a page's language; they are shown as plain paragraphs. */
export function Paragraphs({ html }: { html: string }) {
  return textOf(html).map((paragraph, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: paragraphs have nothing else to be told apart by, and never move
    <p key={place} className={css.paragraph}>
      {paragraph}
    </p>
  ));
}

function About({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const typeName = useTypeName();
  const links = [
    ["market.documentation", offering.documentation_url],
    ["market.access", offering.access_url],
    ["market.helpdesk", offering.helpdesk_url],
    ["market.termsLink", offering.terms_of_service_link],
    ["market.privacy", offering.privacy_policy_link],
  ] as const;
  const attributes = Object.entries(offering.attributes);
  return (
    <Panel title={t("market.facts")}>
      <Facts>
        <Fact name={t("market.facet.provider")}>{offering.customer_name}</Fact>
        <Fact name={t("market.facet.category")}>{offering.category_title}</Fact>
        <Fact name={t("market.facet.type")}>{typeName(offering.type)}</Fact>
        {attributes.map(([name, value]) => (
          <Fact key={name} name={name}>
            {Array.isArray(value)
              ? value.map(String).join(", ")
              : typeof value === "object"
                ? JSON.stringify(value)
                : String(value)}
          </Fact>
        ))}
        {links.map(([word, url]) =>
          /^https?:\/\//.test(url) ? (
            <Fact key={word} name={t(word)}>
              <a href={url} rel="noreferrer">
                {url}
              </a>
            </Fact>
          ) : null,
        )}
        <Fact name={t("market.id")}>
          <Copyable value={offering.uuid} what={t("market.id")} short />
        </Fact>
      </Facts>
    </Panel>
  );
}
