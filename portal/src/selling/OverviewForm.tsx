import { NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import css from "../market/market.module.css";
import { categoriesQuery, useMarketVerb } from "../market/queries.ts";
import type { Offering } from "../market/types.ts";
import { Part } from "./EditOfferingPage.tsx";

const LONG = ["full_description", "getting_started", "terms_of_service"] as const;
const LINKS = ["documentation_url", "access_url", "helpdesk_url", "terms_of_service_link", "privacy_policy_link"] as const;
const NAMES = ["name", "description", ...LONG, ...LINKS] as const;

/** Its name and texts, and the category in which it stands. */
export function OverviewForm({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const categories = useQuery(categoriesQuery);
  const [written, setWritten] = useState(
    () => Object.fromEntries(NAMES.map(name => [name, offering[name]])) as Record<(typeof NAMES)[number], string>,
  );
  const [category, setCategory] = useState(offering.category_uuid);
  const path = `/marketplace-provider-offerings/${offering.uuid}/`;
  const save = useMarketVerb(
    async () => {
      await api("POST", `${path}update_overview/`, written);
      const chosen = categories.data?.find(({ uuid }) => uuid === category);
      if (chosen && category !== offering.category_uuid)
        await api("POST", `${path}update_description/`, { category: chosen.url });
    },
    { said: t("market.saved"), quiet: true },
  );
  const errors = fieldsOf(save.error);
  const beside = NAMES.some(name => name in errors);
  const text = (name: (typeof NAMES)[number]) => ({
    label: t(`selling.text.${name}`),
    value: written[name],
    onChange: (event: { currentTarget: { value: string } }) => setWritten({ ...written, [name]: event.currentTarget.value }),
    error: errors[name],
  });
  return (
    <Part
      title={t("selling.tab.overview")}
      error={beside ? undefined : save.error}
      pending={save.isPending}
      onSave={() => save.mutate(undefined)}
    >
      <div className={css.pair}>
        <TextInput {...text("name")} maxLength={150} required />
        <NativeSelect
          label={t("market.facet.category")}
          value={category}
          onChange={event => setCategory(event.currentTarget.value)}
          data={(categories.data ?? [{ uuid: offering.category_uuid, title: offering.category_title }]).map(
            ({ uuid, title }) => ({
              value: uuid,
              label: title,
            }),
          )}
        />
      </div>
      <Textarea {...text("description")} description={t("selling.shortHelp")} maxLength={2000} autosize minRows={2} />
      {LONG.map(name => (
        <Textarea
          key={name}
          {...text(name)}
          description={name === "terms_of_service" ? t("selling.termsHelp") : undefined}
          autosize
          minRows={3}
          maxRows={16}
        />
      ))}
      <div className={css.pair}>
        {LINKS.map(name => (
          <TextInput key={name} {...text(name)} type="url" placeholder="https://" />
        ))}
      </div>
    </Part>
  );
}
