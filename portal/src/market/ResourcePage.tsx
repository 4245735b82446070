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
import { day, moment } from "../units.ts";
import { BudgetPanel } from "./Budget.tsx";
import css from "./market.module.css";
import { money } from "./money.ts";
import { Said } from "./OrderPage.tsx";
import { OrderLine } from "./OrdersPage.tsx";
import { toneOf } from "./orders.ts";
import { ordersQuery, resourceOfferingQuery, resourceQuery, resourceStandingQuery, useCurrency } from "./queries.ts";
import { ResourceActions } from "./ResourceActions.tsx";
import { ResourceUse } from "./ResourceUse.tsx";
import { toneOfResource } from "./states.ts";
import type { Resource, ResourceStanding } from "./types.ts";

export function ResourcePage() {
  const { t } = useTranslation();
  const { uuid } = useParams({ from: "/signed-in/market/resources/$uuid" });
  const resource = useQuery(resourceQuery(uuid));
  usePageTitle(resource.data?.name || t("market.resource"));
  if (resource.error instanceof ApiError && resource.error.status === 404) return <NotFound text={t("market.resourceGone")} />;
  if (resource.error && !resource.data) return <Failure error={resource.error} retry={resource.refetch} />;
  if (!resource.data) return <Waiting rows={6} />;
  return <Shown resource={resource.data} />;
}

function Shown({ resource }: { resource: Resource }) {
  const { t } = useTranslation();
  const order = resource.order_in_progress;
  const standing = useQuery(resourceStandingQuery(resource.uuid, `${resource.state} ${order?.uuid ?? ""}`)).data;
  const offering = useQuery(resourceOfferingQuery(resource)).data;
  return (
    <>
      <PageHead
        above={<Link to="/market/resources">{t("market.resources")}</Link>}
        title={resource.name || t("market.unnamed")}
        lead={
          <div role="status" className={css.state}>
            <Tag tone={toneOfResource(resource.state)}>{t(`market.resource_.${resource.state}`)}</Tag>
            <span>
              {t(order ? "market.orderUnderWay" : `market.resourceMeans.${resource.state}`)}{" "}
              {order && (
                <Link to="/market/orders/$uuid" params={{ uuid: order.uuid }}>
                  {t("market.toOrder")}
                </Link>
              )}
            </span>
          </div>
        }
        actions={standing && <ResourceActions resource={resource} standing={standing} offering={offering} />}
      />
      <div className={css.columns}>
        <div>
          {standing?.failure && <Failed resource={resource} failure={standing.failure} />}
          {standing?.is_allocation && <BudgetPanel project={resource.project_uuid} name={resource.project_name} />}
          {offering && (
            <ResourceUse resource={resource} components={offering.components} isAllocation={standing?.is_allocation ?? false} />
          )}
          <WayIn resource={resource} />
          <Orders resource={resource} />
        </div>
        <About resource={resource} />
      </div>
    </>
  );
}

/** What went wrong with it, in the words of who knows, and whose turn it is. */
function Failed({ resource, failure }: { resource: Resource; failure: NonNullable<ResourceStanding["failure"]> }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("market.wentWrong")}>
      {resource.error_message && <p className={css.trouble}>{resource.error_message}</p>}
      <p className={css.text}>
        {t(`market.failure.${failure.why}`, { provider: resource.provider_name, reason: failure.message })}{" "}
        {failure.order && (
          <Link to="/market/orders/$uuid" params={{ uuid: failure.order }}>
            {t("market.toFailed")}
          </Link>
        )}
      </p>
    </Panel>
  );
}

function WayIn({ resource }: { resource: Resource }) {
  const { t } = useTranslation();
  if (resource.endpoints.length === 0 && !resource.username && resource.report.length === 0) return null;
  return (
    <Panel title={t("market.wayIn")}>
      <Facts>
        <Fact name={t("market.username")}>
          {resource.username && <Copyable value={resource.username} what={t("market.username")} />}
        </Fact>
        {resource.endpoints.map(({ uuid, name, url }) => (
          <Fact key={uuid} name={name}>
            {/^https?:\/\//.test(url) ? (
              <a href={url} rel="noreferrer">
                {url}
              </a>
            ) : (
              <Copyable value={url} what={name} />
            )}
          </Fact>
        ))}
        {resource.report.map(({ header, body }) => (
          <Fact key={header} name={header}>
            {body}
          </Fact>
        ))}
      </Facts>
    </Panel>
  );
}

function Orders({ resource }: { resource: Resource }) {
  const { t } = useTranslation();
  const orders = useQuery(ordersQuery({ resource: resource.uuid }, 1, 20));
  return (
    <Panel title={t("market.ordersOf")}>
      <ul className={css.rows}>
        {(orders.data?.rows ?? []).map(order => (
          <li key={order.uuid}>
            <OrderLine order={order} />
            <Tag tone={toneOf(order.state)}>{t(`market.order_.${order.state}`)}</Tag>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function About({ resource }: { resource: Resource }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const options = Object.entries(resource.options);
  return (
    <Panel title={t("market.facts")}>
      <Facts>
        <Fact name={t("market.description")}>{resource.description}</Fact>
        <Fact name={t("market.study")}>{resource.project_name}</Fact>
        <Fact name={t("market.pays")}>{resource.customer_name}</Fact>
        <Fact name={t("market.offering_")}>
          <Link to="/market/offerings/$uuid" params={{ uuid: resource.offering_uuid }}>
            {resource.offering_name}
          </Link>
        </Fact>
        <Fact name={t("market.facet.provider")}>{resource.provider_name}</Fact>
        <Fact name={t("market.plan")}>{resource.plan_name}</Fact>
        <Fact name={t("market.price")}>
          {resource.cost !== null &&
            resource.plan_unit &&
            `${money(resource.cost, currency, i18n.language)} ${t(`market.per.${resource.plan_unit}`)}`}
        </Fact>
        <Fact name={t("market.since")}>{moment(resource.created, i18n.language)}</Fact>
        <Fact name={t("market.lastDay")}>{resource.end_date ? day(resource.end_date, i18n.language) : t("market.noEnd")}</Fact>
        {options.map(([name, value]) => (
          <Fact key={name} name={name}>
            <Said value={value} />
          </Fact>
        ))}
        <Fact name={t("market.backendId")}>
          {resource.backend_id && <Copyable value={resource.backend_id} what={t("market.backendId")} />}
        </Fact>
        <Fact name={t("market.id")}>
          <Copyable value={resource.uuid} what={t("market.id")} short />
        </Fact>
      </Facts>
    </Panel>
  );
}
