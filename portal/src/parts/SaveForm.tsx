import { Button, Group, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { fieldsOf } from "../api/client.ts";
import { Failure } from "./Failure.tsx";

type Props = {
  save: { readonly error: Error | null; readonly isPending: boolean };
  onSave: () => void;
  onCancel: () => void;
  /** Fields whose refusal stands beside them: where one of them is refused, nothing more is said. */
  beside: readonly string[];
  children: ReactNode;
};

/** What a dialog holds that saves something: fields, what went wrong, and two buttons. */
export function SaveForm({ save, onSave, onCancel, beside, children }: Props) {
  const { t } = useTranslation();
  const refused = fieldsOf(save.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {children}
        {save.error && !beside.some(field => field in refused) && <Failure error={save.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
