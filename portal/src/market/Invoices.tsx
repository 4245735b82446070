import { NativeSelect } from "@mantine/core";
import { IconReceipt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { day } from "../units.ts";
import costs from "./costs.module.css";
import css from "./market.module.css";
import { amount, money, monthName } from "./money.ts";
import { customersQuery, invoicesQuery, meQuery, useCurrency } from "./queries.ts";
import { Scrolls } from "./Scrolls.tsx";
import type { Invoice } from "./types.ts";

/** The whole invoice, made by the server, for other programs. */
const EXPORTS = [
  ["csv", "market.csv"],
  ["focus", "market.focus"],
] as const;

const TONE = { pending: "busy", created: "quiet", paid: "good", canceled: "quiet" } as const;

/** Invoices of the organisations that whoever looks answers for; nothing for everybody else. */
export function Invoices() {
  const { t } = useTranslation();
  const me = useQuery(meQuery).data;
  const customers = useQuery(customersQuery).data;
  const [chosen, choose] = useState("");
  const own = (customers ?? []).filter(
    ({ uuid }) => me?.is_staff || me?.permissions.some(one => one.role_name === "CUSTOMER.OWNER" && one.scope_uuid === uuid),
  );
  const customer = chosen || own[0]?.uuid || "";
  const invoices = useQuery(invoicesQuery(customer));
  if (own.length === 0) return null;
  return (
    <Panel
      title={t("market.invoices")}
      actions={
        own.length > 1 && (
          <NativeSelect
            aria-label={t("market.pays")}
            value={customer}
            onChange={event => choose(event.currentTarget.value)}
            data={own.map(({ uuid, name }) => ({ value: uuid, label: name }))}
          />
        )
      }
    >
      {invoices.error && <Failure error={invoices.error} retry={invoices.refetch} />}
      {invoices.isPending && <Waiting rows={3} />}
      {invoices.data?.rows.length === 0 && (
        <Empty icon={<IconReceipt size={40} stroke={1.4} />} title={t("market.noInvoices")}>
          {t("market.noInvoicesText")}
        </Empty>
      )}
      {(invoices.data?.rows ?? []).map((invoice, place) => (
        <One key={invoice.uuid} invoice={invoice} open={place === 0} />
      ))}
    </Panel>
  );
}

function One({ invoice, open }: { invoice: Invoice; open: boolean }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  return (
    <details className={costs.invoice} open={open}>
      <summary>
        <span>{monthName(invoice.year, invoice.month, i18n.language)}</span>
        <Tag tone={TONE[invoice.state] ?? "quiet"}>{t(`market.invoice.${invoice.state}`)}</Tag>
        <strong>{money(invoice.total, currency, i18n.language)}</strong>
      </summary>
      <p className={css.quiet}>
        {t("market.invoiceNumber", { number: invoice.number })}
        {invoice.due_date && ` · ${t("market.due", { day: day(invoice.due_date, i18n.language) })}`} ·{" "}
        <Copyable value={invoice.uuid} what={t("market.id")} short />
      </p>
      {invoice.items.length > 0 && (
        <p className={css.quiet}>
          {t("market.asTable")}{" "}
          {EXPORTS.map(([format, word]) => (
            <a key={format} href={`/api/v1/invoices/${invoice.uuid}/export/?format=${format}`} download className={costs.export}>
              {t(word)}
            </a>
          ))}
        </p>
      )}
      {invoice.items.length === 0 ? <p className={css.text}>{t("market.noLines")}</p> : <Items invoice={invoice} />}
    </details>
  );
}

function Items({ invoice }: { invoice: Invoice }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  const said = (value: string | number): string => money(value, currency, i18n.language);
  return (
    <Scrolls label={t("market.invoiceNumber", { number: invoice.number })}>
      <table className={costs.table}>
        <thead>
          <tr>
            <th scope="col">{t("market.lineOf")}</th>
            <th scope="col">{t("market.study")}</th>
            <th scope="col">{t("market.quantity")}</th>
            <th scope="col">{t("market.unitPrice")}</th>
            <th scope="col">{t("market.price")}</th>
          </tr>
        </thead>
        <tbody>
          {invoice.items.map(item => (
            <tr key={item.uuid}>
              <th scope="row">
                {item.name}
                <span className={css.small}>{`${day(item.start, i18n.language)} – ${day(item.end, i18n.language)}`}</span>
              </th>
              <td>{item.project_name}</td>
              <td>{`${amount(item.quantity, i18n.language)} ${item.measured_unit}`}</td>
              <td>{money(item.unit_price, currency, i18n.language, true)}</td>
              <td>{said(item.price)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={4}>
              {t("market.sumOfLines")}
            </th>
            <td>{said(invoice.price)}</td>
          </tr>
          <tr>
            <th scope="row" colSpan={4}>
              {t("market.tax")}
            </th>
            <td>{said(invoice.tax)}</td>
          </tr>
          <tr className={costs.total}>
            <th scope="row" colSpan={4}>
              {t("market.totalOf")}
            </th>
            <td>{said(invoice.total)}</td>
          </tr>
        </tfoot>
      </table>
    </Scrolls>
  );
}
