import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import css from "./machines.module.css";
import { EXTRA_KINDS, type ExtraKind, type Extras, offerQuery, type Part } from "./model.ts";

const MOST = 10_000;

/** The parts that a provider offers beside its profiles, each kind as far as it is here. */
export function useExtraParts(provider: string): Partial<Record<ExtraKind, readonly Part[]>> {
  const memory = useQuery(offerQuery<Part>(provider, "memory")).data;
  const storage = useQuery(offerQuery<Part>(provider, "storage")).data;
  const gpu = useQuery(offerQuery<Part>(provider, "gpu")).data;
  return { ...(memory ? { memory } : {}), ...(storage ? { storage } : {}), ...(gpu ? { gpu } : {}) };
}

type Props = {
  provider: string;
  extras: Extras;
  /** The server's words, by the names of the wire. */
  errors: Readonly<Record<string, string>>;
  onChange: (extras: Extras) => void;
};

/** More than the profile has: a part of each kind, and how many of it. */
export function ExtraParts({ provider, extras, errors, onChange }: Props) {
  const { t } = useTranslation();
  const parts = useExtraParts(provider);
  const set = (kind: ExtraKind, change: Partial<Extras[ExtraKind]>): void =>
    onChange({ ...extras, [kind]: { ...extras[kind], ...change } });
  return (
    <fieldset className={css.group}>
      <legend>{t("machine.more")}</legend>
      {EXTRA_KINDS.filter(kind => (parts[kind]?.length ?? 0) > 0 || extras[kind].type > 0).map(kind => (
        <div key={kind} className={css.extra}>
          <NativeSelect
            label={t(`machine.extra.${kind}`)}
            value={extras[kind].type || ""}
            onChange={event => {
              const type = Number(event.currentTarget.value);
              set(kind, { type, amount: type === 0 ? 0 : Math.max(1, extras[kind].amount) });
            }}
            error={errors[`additional_${kind}_type`]}
            data={[
              { value: "", label: t("machine.nothing") },
              ...(parts[kind] ?? []).map(({ id, name }) => ({ value: String(id), label: name })),
            ]}
          />
          <TextInput
            type="number"
            label={t(`machine.amount.${kind}`)}
            min={0}
            max={MOST}
            value={extras[kind].amount}
            disabled={extras[kind].type === 0}
            onChange={event => set(kind, { amount: Math.trunc(Number(event.currentTarget.value)) || 0 })}
            error={errors[`additional_${kind}_amount`]}
          />
        </div>
      ))}
    </fieldset>
  );
}
