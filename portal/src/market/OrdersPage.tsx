import { NativeSelect } from "@mantine/core";
import { IconInbox, IconReceipt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { moment } from "../units.ts";
import css from "./market.module.css";
import { money } from "./money.ts";
import { Verbs } from "./OrderActions.tsx";
import { toneOf } from "./orders.ts";
import { inboxQuery, ordersQuery, projectsQuery, type Side, useCurrency } from "./queries.ts";
import { ORDER_STATES } from "./states.ts";
import type { Order, OrderState, OrderVerb } from "./types.ts";

const PAGE_SIZE = 20;

export function OrdersPage() {
  const { t } = useTranslation();
  usePageTitle(t("market.orders"));
  return (
    <>
      <PageHead title={t("market.orders")} lead={<p>{t("market.ordersLead")}</p>} />
      <Inbox />
      <AllOrders />
    </>
  );
}

const DECIDES = {
  consumer: ["approve_by_consumer", "reject_by_consumer"],
  provider: ["approve_by_provider", "reject_by_provider"],
} as const satisfies Record<Side, readonly OrderVerb[]>;

/** What waits for whoever looks: as the one who pays, and as the one who provides. */
function Inbox() {
  const { t } = useTranslation();
  const consumer = useQuery(inboxQuery("consumer"));
  const provider = useQuery(inboxQuery("provider"));
  const failed = consumer.error ?? provider.error;
  const waiting = [...(consumer.data?.rows ?? []), ...(provider.data?.rows ?? [])].length;
  return (
    <Panel title={t("market.inbox")}>
      {failed && <Failure error={failed} retry={() => Promise.all([consumer.refetch(), provider.refetch()])} />}
      {(consumer.isPending || provider.isPending) && <Waiting rows={2} />}
      {consumer.data && provider.data && waiting === 0 && (
        <Empty icon={<IconInbox size={40} stroke={1.4} />} title={t("market.inboxNone")}>
          {t("market.inboxNoneText")}
        </Empty>
      )}
      <OneSide side="consumer" rows={consumer.data?.rows ?? []} />
      <OneSide side="provider" rows={provider.data?.rows ?? []} />
    </Panel>
  );
}

function OneSide({ side, rows }: { side: Side; rows: readonly Order[] }) {
  const { t } = useTranslation();
  if (rows.length === 0) return null;
  return (
    <>
      <h3>{t(`market.inboxOf.${side}`)}</h3>
      <ul className={css.rows}>
        {rows.map(order => (
          <li key={order.uuid}>
            <OrderLine order={order} />
            <Verbs order={order} can={DECIDES[side]} small />
          </li>
        ))}
      </ul>
    </>
  );
}

export function OrderLine({ order }: { order: Order }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const facts = [
    order.project_name,
    order.created_by_full_name.trim() || order.created_by_username,
    moment(order.created, i18n.language),
    order.cost !== null && order.plan_unit
      ? `${money(order.cost, currency, i18n.language)} ${t(`market.per.${order.plan_unit}`)}`
      : undefined,
  ];
  return (
    <div className={css.line}>
      <Link to="/market/orders/$uuid" params={{ uuid: order.uuid }}>
        {t(`market.orderOf.${order.type}`, { offering: order.offering_name })}
        {order.resource_name && `: ${order.resource_name}`}
      </Link>
      <span className={css.small}>{facts.filter(Boolean).join(" · ")}</span>
    </div>
  );
}

function AllOrders() {
  const { t } = useTranslation();
  const { page = 1, state, project } = useSearch({ from: "/signed-in/market/orders" });
  const navigate = useNavigate({ from: "/market/orders" });
  const orders = useQuery(ordersQuery({ state, project }, page, PAGE_SIZE));
  const projects = useQuery(projectsQuery).data ?? [];
  const narrow = (change: { state?: OrderState | undefined; project?: string | undefined }) => {
    const next = { state, project, ...change };
    void navigate({
      search: { ...(next.state ? { state: next.state } : {}), ...(next.project ? { project: next.project } : {}) },
    });
  };
  return (
    <Panel
      title={t("market.allOrders")}
      actions={
        <>
          {projects.length > 1 && (
            <NativeSelect
              size="sm"
              aria-label={t("market.study")}
              value={project ?? ""}
              onChange={event => narrow({ project: event.currentTarget.value })}
              data={[
                { value: "", label: t("market.allStudies") },
                ...projects.map(({ uuid, name }) => ({ value: uuid, label: name })),
              ]}
            />
          )}
          <NativeSelect
            size="sm"
            aria-label={t("market.stateOf")}
            value={state ?? ""}
            onChange={event => narrow({ state: ORDER_STATES.find(one => one === event.currentTarget.value) })}
            data={[
              { value: "", label: t("market.allStates") },
              ...ORDER_STATES.map(one => ({ value: one, label: t(`market.order_.${one}`) })),
            ]}
          />
        </>
      }
    >
      {orders.error && <Failure error={orders.error} retry={orders.refetch} />}
      {orders.isPending && <Waiting rows={3} />}
      {orders.data?.count === 0 && (
        <Empty icon={<IconReceipt size={40} stroke={1.4} />} title={t("market.noOrders")}>
          {t("market.noOrdersText")} <Link to="/market/">{t("market.catalogue")}</Link>
        </Empty>
      )}
      <ul className={css.rows}>
        {(orders.data?.rows ?? []).map(order => (
          <li key={order.uuid}>
            <OrderLine order={order} />
            <Tag tone={toneOf(order.state)}>{t(`market.order_.${order.state}`)}</Tag>
          </li>
        ))}
      </ul>
      <Pager
        page={page}
        count={orders.data?.count ?? 0}
        pageSize={PAGE_SIZE}
        onPage={next => void navigate({ search: before => ({ ...before, page: next }) })}
        what={t("market.orders")}
      />
    </Panel>
  );
}
