import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";
import { ExtraParts } from "./ExtraParts.tsx";
import css from "./machines.module.css";
import { extrasOf, extrasOut, type Machine, writeOf } from "./model.ts";
import { Sum } from "./NewMachinePage.tsx";
import { useMachineVerb } from "./useMachines.ts";

type Props = { machine: Machine; opened: boolean; onClose: () => void };

/** Another name or another size; the rest of a machine that exists stays. */
export function ChangeMachine({ machine, opened, onClose }: Props) {
  const { t } = useTranslation();
  const [name, setName] = useState(machine.name);
  const [extras, setExtras] = useState(() => extrasOf(machine));
  const change = useMachineVerb(
    () =>
      api<Machine>("PUT", `/v1/virtualmachines/${machine.id}/`, {
        ...writeOf(machine),
        name: name.trim(),
        ...extrasOut(extras),
      }),
    { said: t("machine.changed"), onDone: onClose, quiet: true },
  );
  const errors = fieldsOf(change.error);
  return (
    <Dialog opened={opened} onClose={onClose} title={t("machine.verb.resize")} size="lg">
      <SaveForm
        save={change}
        onSave={() => change.mutate(undefined)}
        onCancel={onClose}
        beside={["name", ...Object.keys(extrasOut(extras))]}
      >
        <p className={css.text}>{t("machine.changeText")}</p>
        <TextInput
          label={t("machine.name")}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={errors.name}
          maxLength={200}
          required
        />
        <ExtraParts provider={machine.provider.id} extras={extras} errors={errors} onChange={setExtras} />
        <Sum provider={machine.provider.id} profile={machine.profile} extras={extras} />
      </SaveForm>
    </Dialog>
  );
}
