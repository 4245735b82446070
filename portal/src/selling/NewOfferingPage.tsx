import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import { OFFERING_TYPES, useTypeName } from "../market/Facets.tsx";
import css from "../market/market.module.css";
import { categoriesQuery, useMarketVerb } from "../market/queries.ts";
import type { Category, Customer, Offering } from "../market/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { useOwn } from "./queries.ts";

export function NewOfferingPage() {
  const { t } = useTranslation();
  usePageTitle(t("selling.newOffering"));
  const own = useOwn();
  const categories = useQuery(categoriesQuery);
  return (
    <>
      <PageHead
        above={<Link to="/market/selling">{t("selling.title")}</Link>}
        title={t("selling.newOffering")}
        lead={<p>{t("selling.newLead")}</p>}
      />
      {categories.error && <Failure error={categories.error} retry={categories.refetch} />}
      {(!own || categories.isPending) && <Waiting rows={5} />}
      {own && categories.data && (
        <Panel>
          {own.providers.length === 0 || categories.data.length === 0 ? (
            <Empty icon={undefined} title={t(own.providers.length === 0 ? "selling.noProvider" : "selling.noCategory")}>
              {t(own.providers.length === 0 ? "selling.noProviderText" : "selling.noCategoryText")}
            </Empty>
          ) : (
            <NewForm providers={own.providers} categories={categories.data} />
          )}
        </Panel>
      )}
    </>
  );
}

function NewForm({ providers, categories }: { providers: readonly Customer[]; categories: readonly Category[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const typeName = useTypeName();
  const [written, setWritten] = useState({
    name: "",
    description: "",
    customer: providers[0]?.url ?? "",
    category: categories[0]?.url ?? "",
    type: OFFERING_TYPES[0] as string,
    shared: true,
    billable: true,
  });
  const put = (change: Partial<typeof written>) => setWritten({ ...written, ...change });
  const make = useMarketVerb(
    () => api<Offering>("POST", "/marketplace-provider-offerings/", { ...written, name: written.name.trim() }),
    {
      said: t("selling.made"),
      quiet: true,
      onDone: ({ uuid }) => navigate({ to: "/market/selling/offerings/$uuid", params: { uuid }, search: { tab: "components" } }),
    },
  );
  const errors = fieldsOf(make.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(undefined);
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <TextInput
        label={t("selling.name")}
        value={written.name}
        onChange={event => put({ name: event.currentTarget.value })}
        error={errors.name}
        maxLength={150}
        autoComplete="off"
        required
      />
      <Textarea
        label={t("selling.short")}
        description={t("selling.shortHelp")}
        value={written.description}
        onChange={event => put({ description: event.currentTarget.value })}
        error={errors.description}
        maxLength={2000}
        autosize
        minRows={2}
      />
      <div className={css.pair}>
        <NativeSelect
          label={t("selling.organisation")}
          value={written.customer}
          onChange={event => put({ customer: event.currentTarget.value })}
          error={errors.customer}
          data={providers.map(({ url, name }) => ({ value: url, label: name }))}
        />
        <NativeSelect
          label={t("market.facet.category")}
          value={written.category}
          onChange={event => put({ category: event.currentTarget.value })}
          error={errors.category}
          data={categories.map(({ url, title }) => ({ value: url, label: title }))}
        />
      </div>
      <NativeSelect
        label={t("market.facet.type")}
        description={t("selling.typeHelp")}
        value={written.type}
        onChange={event => put({ type: event.currentTarget.value })}
        error={errors.type}
        data={OFFERING_TYPES.map(type => ({ value: type, label: typeName(type) }))}
      />
      <Checkbox
        label={t("selling.shared")}
        description={t("selling.sharedHelp")}
        checked={written.shared}
        onChange={event => put({ shared: event.currentTarget.checked })}
      />
      <Checkbox
        label={t("selling.billable")}
        description={t("selling.billableHelp")}
        checked={written.billable}
        onChange={event => put({ billable: event.currentTarget.checked })}
      />
      {make.error && !["name", "description", "customer", "category", "type"].some(field => field in errors) && (
        <Failure error={make.error} />
      )}
      <div>
        <Button type="submit" loading={make.isPending}>
          {t("selling.make")}
        </Button>
      </div>
    </form>
  );
}
