import { Button, Checkbox, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Acted } from "./Acted.tsx";
import css from "./admin.module.css";
import { pathOf, useForgetRows } from "./adminQueries.ts";
import { FormFields, sentOf, startOf } from "./FormFields.tsx";
import type { Action, Acted as Answer, Kind, ListSearch, Row } from "./model.ts";
import { useAdminWords } from "./words.ts";

/** What is acted upon: some rows, or all that match; `count` is undefined beyond what the server counts. */
export type Target =
  | { readonly rows: readonly Row[] }
  | { readonly matching: ListSearch; readonly count: number; readonly isExact: boolean };

type Props = { kind: Kind; action: Action; target: Target; opened: boolean; onClose: () => void; onDone?: () => void };

/** Says what will happen to what, asks what is needed, does it, and tells what became of each. */
export function ActionDialog(props: Props) {
  const { opened, onClose } = props;
  const title = useTitle(props);
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <Inside {...props} />
    </Dialog>
  );
}

function useTitle({ kind, action, target }: Props): string {
  const { t, i18n } = useTranslation();
  const words = useAdminWords();
  const name = words.action(kind.name, action.name);
  const many = words.many(kind.name).toLocaleLowerCase(i18n.language);
  if ("rows" in target) {
    const [first, second] = target.rows;
    if (first && !second) return t("admin.act.object", { action: name, title: first.title || String(first.id) });
    return t("admin.act.objects", { action: name, count: target.rows.length, kind: many });
  }
  const count = target.count.toLocaleString(i18n.language);
  return t(target.isExact ? "admin.act.objectsAll" : "admin.act.objectsMany", {
    action: name,
    count: count as never,
    kind: many,
  });
}

function Inside({ kind, action, target, onClose, onDone }: Props) {
  const [written, setWritten] = useState(() => startOf(action.asks));
  const forget = useForgetRows();
  const act = useMutation({
    mutationFn: () => {
      const on = "rows" in target ? { ids: target.rows.map(({ id }) => id) } : { matching: target.matching };
      return api<Answer>("POST", `${pathOf(kind.name)}actions/${action.name}/`, { ...on, ...sentOf(action.asks, written) });
    },
    onSuccess: async () => {
      await forget();
      onDone?.();
    },
  });
  if (act.data) return <Acted kind={kind} action={action} target={target} answer={act.data} onClose={onClose} />;
  return (
    <Ask
      kind={kind}
      action={action}
      target={target}
      written={written}
      error={act.error}
      busy={act.isPending}
      onChange={(name, value) => setWritten(before => ({ ...before, [name]: value }))}
      onClose={onClose}
      onGo={() => act.mutate()}
    />
  );
}

type AskProps = Pick<Props, "kind" | "action" | "target" | "onClose"> & {
  written: Record<string, string | boolean>;
  error: Error | null;
  busy: boolean;
  onChange: (name: string, value: string | boolean) => void;
  onGo: () => void;
};

function Ask({ kind, action, target, written, error, busy, onChange, onClose, onGo }: AskProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const [sure, setSure] = useState(false);
  const everything = !("rows" in target);
  const errors = error instanceof ApiError ? error.fields : {};
  const elsewhere = error && !action.asks.some(({ name }) => name in errors);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onGo();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <p className={css.consequence}>
          {words.consequence(kind.name, action.name)} {action.danger && t("admin.act.cannotUndo")}
        </p>
        {"rows" in target && target.rows.length > 1 && <Titles rows={target.rows} />}
        <FormFields fields={action.asks} written={written} errors={errors} onChange={onChange} />
        {everything && (
          <Checkbox label={t("admin.act.sure")} checked={sure} onChange={event => setSure(event.currentTarget.checked)} />
        )}
        {elsewhere && <Failure error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} {...(action.asks.length === 0 ? { "data-autofocus": true } : {})}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={busy} disabled={everything && !sure} {...(action.danger ? { color: "red" } : {})}>
            {words.action(kind.name, action.name)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const MOST_TITLES = 8;

function Titles({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation();
  return (
    <ul className={css.titles}>
      {rows.slice(0, MOST_TITLES).map(row => (
        <li key={row.id}>{row.title || String(row.id)}</li>
      ))}
      {rows.length > MOST_TITLES && <li>{t("admin.act.more", { count: rows.length - MOST_TITLES })}</li>}
    </ul>
  );
}
