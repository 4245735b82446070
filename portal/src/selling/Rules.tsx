import { Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Offering } from "../market/types.ts";
import { Part } from "./EditOfferingPage.tsx";

const FLAGS = [
  "auto_approve_by_provider",
  "auto_approve_in_service_provider_projects",
  "is_resource_termination_date_required",
  "create_orders_on_resource_option_change",
] as const;
const NUMBERS = ["max_resource_termination_offset_in_days", "maximal_resource_count_per_project"] as const;

/** Of what Havre makes by itself: what it is made from. Numbers are sent as numbers. */
const MADE_OF: Readonly<Record<string, readonly ("machine_provider" | "machine_profile" | "storage" | "folder")[]>> = {
  "Havre.Machine": ["machine_provider", "machine_profile"],
  "Havre.Storage": ["storage", "folder"],
};

/** Whose agreement it needs, how long it may last, how many a study may have. What is not here is kept as it is. */
export function Rules({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const before = offering.plugin_options;
  const [flags, setFlags] = useState(
    () => Object.fromEntries(FLAGS.map(name => [name, before[name] === true])) as Record<(typeof FLAGS)[number], boolean>,
  );
  const [numbers, setNumbers] = useState(
    () =>
      Object.fromEntries(NUMBERS.map(name => [name, before[name] === undefined ? "" : String(before[name])])) as Record<
        (typeof NUMBERS)[number],
        string
      >,
  );
  const parts = MADE_OF[offering.type] ?? [];
  const [made, setMade] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(parts.map(name => [name, before[name] === undefined ? "" : String(before[name])])),
  );
  const save = useMarketVerb(
    () => {
      const rest = Object.fromEntries(
        Object.entries(before).filter(([name]) => !([...FLAGS, ...NUMBERS, ...parts] as readonly string[]).includes(name)),
      );
      const given = NUMBERS.flatMap(name => (/^\d+$/.test(numbers[name].trim()) ? [[name, Number(numbers[name].trim())]] : []));
      const of = parts.flatMap(name => {
        const text = made[name]?.trim() ?? "";
        return text === "" ? [] : [[name, name === "storage" && /^\d+$/.test(text) ? Number(text) : text]];
      });
      const on = FLAGS.flatMap(name => (flags[name] ? [[name, true]] : []));
      return api("POST", `/marketplace-provider-offerings/${offering.uuid}/update_integration/`, {
        plugin_options: { ...rest, ...Object.fromEntries([...on, ...given, ...of]) },
      });
    },
    { said: t("market.saved"), quiet: true },
  );
  const wrong = (name: (typeof NUMBERS)[number]): boolean => !/^\d*$/.test(numbers[name].trim());
  // Only what Havre makes by itself may do without the provider.
  const shown = FLAGS.filter(name => name !== "auto_approve_by_provider" || offering.type.startsWith("Havre."));
  return (
    <Part
      title={t("selling.tab.rules")}
      help={t("selling.rulesHelp")}
      error={save.error}
      pending={save.isPending}
      onSave={() => {
        if (!NUMBERS.some(wrong)) save.mutate(undefined);
      }}
    >
      {parts.length > 0 && (
        <div className={css.pair}>
          {parts.map(name => (
            <TextInput
              key={name}
              label={t(`selling.rule.${name}`)}
              placeholder={name === "machine_provider" ? "openstack" : undefined}
              value={made[name] ?? ""}
              onChange={event => setMade({ ...made, [name]: event.currentTarget.value })}
              spellCheck={false}
            />
          ))}
        </div>
      )}
      {shown.map(name => (
        <Checkbox
          key={name}
          label={t(`selling.rule.${name}`)}
          checked={flags[name]}
          onChange={event => setFlags({ ...flags, [name]: event.currentTarget.checked })}
        />
      ))}
      <div className={css.pair}>
        {NUMBERS.map(name => (
          <TextInput
            key={name}
            label={t(`selling.rule.${name}`)}
            inputMode="numeric"
            value={numbers[name]}
            onChange={event => setNumbers({ ...numbers, [name]: event.currentTarget.value })}
            error={wrong(name) ? t("selling.wholeNumber") : undefined}
          />
        ))}
      </div>
    </Part>
  );
}
