import { Button } from "@mantine/core";
import { IconPlus, IconRulerMeasure } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import css from "../market/market.module.css";
import { useMarketVerb } from "../market/queries.ts";
import type { Component, Offering } from "../market/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { ComponentDialog } from "./ComponentDialog.tsx";

/** What is counted of an offering. */
export function Components({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<Component | "new">();
  const [removing, setRemoving] = useState<Component>();
  const remove = useMarketVerb(
    ({ uuid }: Component) => api("POST", `/marketplace-provider-offerings/${offering.uuid}/remove_offering_component/`, { uuid }),
    { said: t("market.saved") },
  );
  return (
    <Panel
      title={t("selling.tab.components")}
      actions={
        <Button size="compact-md" leftSection={<IconPlus size={16} />} onClick={() => setEditing("new")}>
          {t("selling.addComponent")}
        </Button>
      }
    >
      {offering.components.length === 0 && (
        <Empty icon={<IconRulerMeasure size={40} stroke={1.4} />} title={t("selling.noComponents")}>
          {t("selling.noComponentsText")}
        </Empty>
      )}
      <ul className={css.rows}>
        {offering.components.map(component => (
          <li key={component.uuid}>
            <div className={css.line}>
              <strong>{component.name}</strong> <code>{component.type}</code>
              <span className={css.small}>
                {[component.measured_unit, t(`market.billing.${component.billing_type}`), component.description]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </div>
            <div className={css.verbs}>
              <Button
                size="compact-md"
                variant="default"
                aria-label={`${t("common.edit")}: ${component.name}`}
                onClick={() => setEditing(component)}
              >
                {t("common.edit")}
              </Button>
              <Button
                size="compact-md"
                variant="default"
                aria-label={`${t("common.remove")}: ${component.name}`}
                onClick={() => setRemoving(component)}
              >
                {t("common.remove")}
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {editing && (
        <ComponentDialog
          offering={offering}
          component={editing === "new" ? undefined : editing}
          onClose={() => setEditing(undefined)}
        />
      )}
      <Confirm
        opened={removing !== undefined}
        title={t("selling.removeComponent", { name: removing?.name ?? "" })}
        text={t("selling.removeComponentText")}
        action={t("common.remove")}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => {
          if (removing) remove.mutate(removing);
          setRemoving(undefined);
        }}
      />
    </Panel>
  );
}
