import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActionDialog, type Target } from "./ActionDialog.tsx";
import { ActionMenu } from "./ActionMenu.tsx";
import css from "./admin.module.css";
import type { Action, Kind, ListSearch, Row, RowPage } from "./model.ts";

/** Rows of this page, or all that match on every page. */
export type Chosen = { readonly all: boolean; readonly rows: ReadonlyMap<string, Row> };
export const NONE_CHOSEN: Chosen = { all: false, rows: new Map() };

type Props = { kind: Kind; page: RowPage; matching: ListSearch; chosen: Chosen; onChoose: (chosen: Chosen) => void };

/** What can be done with what is chosen; stays in sight while something is. */
export function BulkBar({ kind, page, matching, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const [action, setAction] = useState<Action>();
  const count = chosen.rows.size;
  const target: Target = chosen.all
    ? { matching, count: page.count, isExact: page.count_is_exact }
    : { rows: [...chosen.rows.values()] };
  const beyond = page.next !== null || page.previous !== null;
  return (
    <>
      {(chosen.all || count > 0) && (
        <div className={css.bulk}>
          <p role="status">{chosen.all ? t("admin.list.allChosen") : t("admin.list.chosen", { count })}</p>
          {beyond && !chosen.all && (
            <Button size="compact-sm" variant="subtle" onClick={() => onChoose({ all: true, rows: new Map() })}>
              {t("admin.list.all")}
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" onClick={() => onChoose(NONE_CHOSEN)}>
            {t("admin.list.clear")}
          </Button>
          <ActionMenu
            kind={kind}
            actions={kind.actions.filter(({ single }) => !single || (!chosen.all && count === 1))}
            label={chosen.all ? t("admin.list.actOnAll") : t("admin.list.actOn", { count })}
            up
            onPick={setAction}
          />
        </div>
      )}
      {action && (
        <ActionDialog
          key={action.name}
          kind={kind}
          action={action}
          target={target}
          opened
          onClose={() => {
            setAction(undefined);
            onChoose(NONE_CHOSEN);
          }}
        />
      )}
    </>
  );
}
