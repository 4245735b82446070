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
import { useTypeName } from "./Facets.tsx";
import css from "./market.module.css";
import { amount, money } from "./money.ts";
import { OrderActions } from "./OrderActions.tsx";
import { questionsOf } from "./options.ts";
import { changesOf, nextOf, type Step, stepsOf, toneOf } from "./orders.ts";
import { orderOfferingQuery, orderQuery, orderStandingQuery, useCurrency } from "./queries.ts";
import type { Order, OrderStanding } from "./types.ts";

export function OrderPage() {
  const { t } = useTranslation();
  const { uuid } = useParams({ from: "/signed-in/market/orders/$uuid" });
  const order = useQuery(orderQuery(uuid));
  const standing = useQuery({ ...orderStandingQuery(uuid, order.data?.state ?? ""), enabled: order.isSuccess });
  usePageTitle(order.data ? t(`market.orderOf.${order.data.type}`, { offering: order.data.offering_name }) : t("market.orders"));
  if (order.error instanceof ApiError && order.error.status === 404) return <NotFound text={t("market.orderGone")} />;
  if (order.error && !order.data) return <Failure error={order.error} retry={order.refetch} />;
  if (!order.data) return <Waiting rows={6} />;
  return <Shown order={order.data} standing={standing.data} />;
}

function Shown({ order, standing }: { order: Order; standing: OrderStanding | undefined }) {
  const { t, i18n } = useTranslation();
  const next = nextOf(order.state, standing?.waits_for ?? null, standing?.by_hand ?? false);
  const refusal = order.provider_rejection_comment || order.consumer_rejection_comment;
  return (
    <>
      <PageHead
        above={<Link to="/market/orders">{t("market.orders")}</Link>}
        title={t(`market.orderOf.${order.type}`, { offering: order.offering_name })}
        lead={
          <div role="status" className={css.state}>
            <Tag tone={toneOf(order.state)}>{t(`market.order_.${order.state}`)}</Tag>
            {standing && (
              <span>
                {standing.failure
                  ? t(`market.failure.${standing.failure.why}`, {
                      provider: order.provider_name,
                      reason: standing.failure.message,
                    })
                  : t(`market.next.${next}`, {
                      customer: order.customer_name,
                      provider: order.provider_name,
                      day: order.start_date ? day(order.start_date, i18n.language) : "",
                    })}
              </span>
            )}
          </div>
        }
      />
      <div className={css.columns}>
        <div>
          {standing && <OrderActions order={order} standing={standing} />}
          {(order.error_message || refusal || order.output) && (
            <Panel title={t("market.said")}>
              {order.error_message && <p className={css.trouble}>{order.error_message}</p>}
              {refusal && <p className={css.text}>{t("market.reasonWas", { reason: refusal })}</p>}
              {order.output && <pre className={css.output}>{order.output}</pre>}
            </Panel>
          )}
          <Panel title={t("market.history")}>
            <Steps order={order} />
          </Panel>
          <Wanted order={order} />
        </div>
        <About order={order} />
      </div>
    </>
  );
}

function Steps({ order }: { order: Order }) {
  const { t } = useTranslation();
  return (
    <ol className={css.steps}>
      {stepsOf(order).map(step => (
        <li key={step.name} data-state={step.state} aria-current={step.state === "now" ? "step" : undefined}>
          <strong>{t(`market.step.${step.name}`, { customer: order.customer_name, provider: order.provider_name })}</strong>
          <StepFacts step={step} />
        </li>
      ))}
    </ol>
  );
}

function StepFacts({ step }: { step: Step }) {
  const { t, i18n } = useTranslation();
  const when = step.at && step.state !== "later" ? moment(step.at, i18n.language) : undefined;
  const said = [t(`market.stepState.${step.state}`), when, step.by ? t("market.byWhom", { name: step.by }) : undefined];
  return <span className={css.small}>{said.filter(Boolean).join(" · ")}</span>;
}

function Wanted({ order }: { order: Order }) {
  const { t, i18n } = useTranslation();
  const offering = useQuery(orderOfferingQuery(order.uuid)).data;
  const changes = changesOf(order);
  const { name: _name, end_date: endDate, ...answers } = order.attributes;
  const asked = questionsOf(offering?.options ?? {}).filter(({ key }) => Object.hasOwn(answers, key));
  const unit = (type: string) => offering?.components.find(component => component.type === type);
  if (changes.length === 0 && asked.length === 0 && !endDate && !order.request_comment) return null;
  return (
    <Panel title={t("market.wanted")}>
      <div className={css.form}>
        {changes.length > 0 && (
          <table className={css.lines}>
            <caption className={css.unseen}>{t("market.howMuch")}</caption>
            <tbody>
              {changes.map(({ type, before, after }) => (
                <tr key={type}>
                  <th scope="row">{unit(type)?.name ?? type}</th>
                  <td>
                    {before !== undefined && before !== after && `${amount(before, i18n.language)} → `}
                    {after === undefined ? "–" : amount(after, i18n.language)} {unit(type)?.measured_unit}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <Facts>
          {asked.map(({ key, label }) => (
            <Fact key={key} name={label}>
              <Said value={answers[key]} />
            </Fact>
          ))}
          <Fact name={t("market.lastDay")}>{typeof endDate === "string" ? day(endDate, i18n.language) : undefined}</Fact>
          <Fact name={t("market.comment")}>{order.request_comment}</Fact>
        </Facts>
      </div>
    </Panel>
  );
}

/** An answer of a form, in words. */
export function Said({ value }: { value: unknown }) {
  const { t } = useTranslation();
  if (typeof value === "boolean") return t(value ? "common.yes" : "common.no");
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function About({ order }: { order: Order }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const typeName = useTypeName();
  return (
    <Panel title={t("market.facts")}>
      <Facts>
        <Fact name={t("market.offering_")}>
          <Link to="/market/offerings/$uuid" params={{ uuid: order.offering_uuid }}>
            {order.offering_name}
          </Link>
        </Fact>
        <Fact name={t("market.resource")}>
          <Link to="/market/resources/$uuid" params={{ uuid: order.marketplace_resource_uuid }}>
            {order.resource_name || t("market.unnamed")}
          </Link>
        </Fact>
        <Fact name={t("market.study")}>{order.project_name}</Fact>
        <Fact name={t("market.pays")}>{order.customer_name}</Fact>
        <Fact name={t("market.facet.provider")}>{order.provider_name}</Fact>
        <Fact name={t("market.facet.type")}>{typeName(order.offering_type)}</Fact>
        <Fact name={t("market.plan")}>
          {order.old_plan_name && order.old_plan_name !== order.plan_name
            ? `${order.old_plan_name} → ${order.plan_name}`
            : order.plan_name}
        </Fact>
        <Fact name={t("market.price")}>
          {order.cost !== null &&
            order.plan_unit &&
            `${money(order.cost, currency, i18n.language)} ${t(`market.per.${order.plan_unit}`)}`}
        </Fact>
        <Fact name={t("market.id")}>
          <Copyable value={order.uuid} what={t("market.id")} short />
        </Fact>
      </Facts>
    </Panel>
  );
}
