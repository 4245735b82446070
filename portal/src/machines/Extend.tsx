import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import css from "./machines.module.css";
import type { Machine } from "./model.ts";
import { useMachineVerb } from "./useMachines.ts";

/** More time, by the administration: until a day, or as long again when none is given. */
export function Extend({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const [until, setUntil] = useState("");
  const extend = useMachineVerb(
    (body: { ending_at?: string }) => api<Machine>("POST", `/v1/virtualmachines/${machine.id}/extend/`, body),
    { said: t("machine.extended"), onDone: () => setUntil("") },
  );
  const error = extend.error instanceof ApiError ? extend.error.fields.ending_at : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    extend.mutate(until === "" ? {} : { ending_at: until });
  };
  return (
    <form className={css.extend} onSubmit={submit}>
      <TextInput
        type="date"
        label={t("machine.extendUntil")}
        description={t("machine.extendHelp")}
        value={until}
        onChange={event => setUntil(event.currentTarget.value)}
        error={error}
      />
      <Button type="submit" variant="default" loading={extend.isPending}>
        {t("machine.verb.extend")}
      </Button>
    </form>
  );
}
