import { Button, NativeSelect } from "@mantine/core";
import { IconChecklist, IconPlus, IconReportAnalytics, IconTag } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { useTypeName } from "../market/Facets.tsx";
import css from "../market/market.module.css";
import { Verbs } from "../market/OrderActions.tsx";
import { OrderLine } from "../market/OrdersPage.tsx";
import { orderStandingQuery, useMarketVerb } from "../market/queries.ts";
import type { Customer, Offering, Order } from "../market/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { ownOfferingsQuery, toDoQuery, useOwn } from "./queries.ts";

const PAGE_SIZE = 20;
export const OFFERING_TONE = { Draft: "quiet", Active: "good", Paused: "busy", Archived: "quiet" } as const;

export function SellingPage() {
  const { t } = useTranslation();
  usePageTitle(t("selling.title"));
  const own = useOwn();
  return (
    <>
      <PageHead
        title={t("selling.title")}
        lead={<p>{t("selling.lead")}</p>}
        actions={
          <>
            <Button
              variant="default"
              leftSection={<IconReportAnalytics size={18} />}
              renderRoot={props => <Link to="/market/selling/usage" {...props} />}
            >
              {t("selling.reportUse")}
            </Button>
            {own && own.providers.length > 0 && (
              <Button leftSection={<IconPlus size={18} />} renderRoot={props => <Link to="/market/selling/new" {...props} />}>
                {t("selling.newOffering")}
              </Button>
            )}
          </>
        }
      />
      {own && own.providers.length > 0 && <ToDo providers={own.providers} />}
      <Offerings />
      {own && own.others.length > 0 && <Begin customers={own.others} />}
    </>
  );
}

function ToDo({ providers }: { providers: readonly Customer[] }) {
  const { t } = useTranslation();
  const [chosen, choose] = useState(providers[0]?.uuid ?? "");
  const orders = useQuery(toDoQuery(chosen));
  return (
    <Panel
      title={t("selling.toDo")}
      actions={
        providers.length > 1 && (
          <NativeSelect
            aria-label={t("selling.organisation")}
            value={chosen}
            onChange={event => choose(event.currentTarget.value)}
            data={providers.map(({ uuid, name }) => ({ value: uuid, label: name }))}
          />
        )
      }
    >
      {orders.error && <Failure error={orders.error} retry={orders.refetch} />}
      {orders.isPending && <Waiting rows={2} />}
      {orders.data?.count === 0 && (
        <Empty icon={<IconChecklist size={40} stroke={1.4} />} title={t("selling.nothingToDo")}>
          {t("selling.nothingToDoText")}
        </Empty>
      )}
      <ul className={css.rows}>
        {(orders.data?.rows ?? []).map(order => (
          <One key={order.uuid} order={order} />
        ))}
      </ul>
    </Panel>
  );
}

function One({ order }: { order: Order }) {
  const { t } = useTranslation();
  const standing = useQuery(orderStandingQuery(order.uuid, order.state)).data;
  const can = (standing?.can ?? []).filter(verb => !verb.endsWith("consumer") && verb !== "cancel");
  return (
    <li>
      <OrderLine order={order} />
      {order.state !== "pending-provider" && (
        <Tag tone={order.state === "erred" ? "bad" : "busy"}>{t(`market.order_.${order.state}`)}</Tag>
      )}
      {can.length > 0 && <Verbs order={order} can={can} byHand={standing?.by_hand ?? false} small />}
    </li>
  );
}

function Offerings() {
  const { t } = useTranslation();
  const { page = 1 } = useSearch({ from: "/signed-in/market/selling" });
  const navigate = useNavigate({ from: "/market/selling" });
  const offerings = useQuery(ownOfferingsQuery(page, PAGE_SIZE));
  return (
    <Panel title={t("selling.offerings")}>
      {offerings.error && <Failure error={offerings.error} retry={offerings.refetch} />}
      {offerings.isPending && <Waiting rows={3} />}
      {offerings.data?.count === 0 && (
        <Empty icon={<IconTag size={40} stroke={1.4} />} title={t("selling.none")}>
          {t("selling.noneText")}
        </Empty>
      )}
      <ul className={css.rows}>
        {(offerings.data?.rows ?? []).map(offering => (
          <OfferingRow key={offering.uuid} offering={offering} />
        ))}
      </ul>
      <Pager
        page={page}
        count={offerings.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: { page: next } })}
        what={t("selling.offerings")}
      />
    </Panel>
  );
}

function OfferingRow({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const typeName = useTypeName();
  const facts = [
    offering.customer_name,
    offering.category_title,
    typeName(offering.type),
    t("selling.orderedTimes", { count: offering.order_count }),
  ];
  return (
    <li>
      <div className={css.line}>
        <Link to="/market/selling/offerings/$uuid" params={{ uuid: offering.uuid }}>
          {offering.name}
        </Link>
        <span className={css.small}>{facts.join(" · ")}</span>
      </div>
      <Tag tone={OFFERING_TONE[offering.state] ?? "quiet"}>{t(`market.offering.${offering.state}`)}</Tag>
    </li>
  );
}

/** An organisation that has not sold anything yet. */
function Begin({ customers }: { customers: readonly Customer[] }) {
  const { t } = useTranslation();
  const [chosen, choose] = useState(customers[0]?.uuid ?? "");
  const begin = useMarketVerb(
    () => api("POST", "/marketplace-service-providers/", { customer: customers.find(({ uuid }) => uuid === chosen)?.url }),
    { said: t("selling.begun") },
  );
  return (
    <Panel title={t("selling.begin")}>
      <p className={css.text}>{t("selling.beginText")}</p>
      <div className={css.tools}>
        <NativeSelect
          label={t("selling.organisation")}
          value={chosen}
          onChange={event => choose(event.currentTarget.value)}
          data={customers.map(({ uuid, name }) => ({ value: uuid, label: name }))}
        />
        <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate(undefined)}>
          {t("selling.begin")}
        </Button>
      </div>
    </Panel>
  );
}
