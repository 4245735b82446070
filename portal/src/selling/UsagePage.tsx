import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconReportAnalytics } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { isLimitable } from "../market/limits.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Resource } from "../market/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { ownOfferingQuery, servedQuery } from "./queries.ts";
import { UsageFile } from "./UsageFile.tsx";

/** What resources used, as whoever provides them counts it: one by one, or as a file. */
export function UsagePage() {
  const { t } = useTranslation();
  usePageTitle(t("selling.reportUse"));
  const served = useQuery(servedQuery);
  return (
    <>
      <PageHead
        above={<Link to="/market/selling">{t("selling.title")}</Link>}
        title={t("selling.reportUse")}
        lead={<p>{t("selling.reportLead")}</p>}
      />
      {served.error && <Failure error={served.error} retry={served.refetch} />}
      {served.isPending && <Waiting rows={4} />}
      {served.data?.length === 0 && (
        <Panel>
          <Empty icon={<IconReportAnalytics size={40} stroke={1.4} />} title={t("selling.noneServed")}>
            {t("selling.noneServedText")}
          </Empty>
        </Panel>
      )}
      {served.data && served.data.length > 0 && (
        <>
          <OneByOne served={served.data} />
          <UsageFile served={served.data} />
        </>
      )}
    </>
  );
}

function OneByOne({ served }: { served: readonly Resource[] }) {
  const { t } = useTranslation();
  const { resource: named } = useSearch({ from: "/signed-in/market/selling/usage" });
  const [chosen, choose] = useState((served.find(({ uuid }) => uuid === named) ?? served[0])?.uuid ?? "");
  const [amounts, setAmounts] = useState<Readonly<Record<string, string>>>({});
  const [day, setDay] = useState("");
  const resource = served.find(({ uuid }) => uuid === chosen);
  const offering = useQuery({ ...ownOfferingQuery(resource?.offering_uuid ?? ""), enabled: resource !== undefined });
  const counted = (offering.data?.components ?? []).filter(isLimitable);
  const given = counted.flatMap(({ type }) => {
    const text = amounts[type]?.trim().replace(",", ".");
    return text ? [{ type, amount: text }] : [];
  });
  const send = useMarketVerb(
    () =>
      api("POST", "/marketplace-component-usages/set_usage/", { resource: chosen, ...(day ? { date: day } : {}), usages: given }),
    { said: t("selling.reported"), quiet: true, onDone: () => setAmounts({}) },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (given.length > 0) send.mutate(undefined);
  };
  return (
    <Panel title={t("selling.oneByOne")}>
      <form className={css.form} onSubmit={submit}>
        <div className={css.pair}>
          <NativeSelect
            label={t("selling.resource")}
            value={chosen}
            onChange={event => {
              choose(event.currentTarget.value);
              setAmounts({});
            }}
            data={served.map(({ uuid, name, project_name, offering_name }) => ({
              value: uuid,
              label: `${name || uuid.slice(0, 8)} · ${project_name} · ${offering_name}`,
            }))}
          />
          <TextInput
            type="date"
            label={t("selling.usedOn")}
            description={t("selling.usedOnHelp")}
            value={day}
            onChange={event => setDay(event.currentTarget.value)}
          />
        </div>
        {offering.error && <Failure error={offering.error} retry={offering.refetch} />}
        {offering.data && counted.length === 0 && <p className={css.text}>{t("selling.nothingCounted")}</p>}
        <div className={css.fields}>
          {counted.map(({ type, name, measured_unit: unit }) => (
            <TextInput
              key={type}
              label={unit ? `${name} (${unit})` : name}
              inputMode="decimal"
              value={amounts[type] ?? ""}
              onChange={event => setAmounts({ ...amounts, [type]: event.currentTarget.value })}
            />
          ))}
        </div>
        {send.error && <Failure error={send.error} />}
        <div>
          <Button type="submit" disabled={given.length === 0} loading={send.isPending}>
            {t("selling.report")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
