import { Checkbox, NativeSelect, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { LinkInput } from "./LinkInput.tsx";
import { type Field, isoOf, localMoment, type Named, type Row } from "./model.ts";
import { useAdminWords } from "./words.ts";

/** What somebody has written into a form: texts as they stand, links as ids, moments as the browser's inputs have them. */
export type Written = Record<string, string | boolean>;

/** A form as it begins: with what the row has, or empty. */
export function startOf(fields: readonly Field[], row?: Row): Written {
  return Object.fromEntries(fields.map(field => [field.name, startValue(field, row?.[field.name])]));
}

function startValue({ type, values, required }: Field, value: unknown): string | boolean {
  if (type === "flag") return value === true;
  if (type === "secret") return "";
  if (type === "moment") return typeof value === "string" ? localMoment(value) : "";
  if (type === "link") return value ? String((value as Named).id) : "";
  if (type === "choice" && (value === undefined || value === null)) return required ? (values[0] ?? "") : "";
  return value === undefined || value === null ? "" : String(value);
}

/**
 * What is sent: of a change only what differs from the start; what was left empty, only where that means something.
 */
export function sentOf(fields: readonly Field[], written: Written, start?: Written): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const field of fields) {
    const value = written[field.name] ?? "";
    if (start && value === start[field.name]) continue;
    if (value === "" && !field.required && (field.type === "secret" || !field.empty)) continue;
    sent[field.name] = wireValue(field, value);
  }
  return sent;
}

function wireValue({ type, empty }: Field, value: string | boolean): unknown {
  if (value === "" && empty && (type === "link" || type === "moment" || type === "choice")) return null;
  if (type === "link") return Number(value) || value;
  if (type === "number") return value === "" ? value : Number(value);
  if (type === "moment") return isoOf(String(value));
  return value;
}

type Props = {
  fields: readonly Field[];
  written: Written;
  errors: Readonly<Record<string, string>>;
  onChange: (name: string, value: string | boolean) => void;
};

export function FormFields({ fields, written, errors, onChange }: Props) {
  return fields.map((field, index) => (
    <OneField
      key={field.name}
      field={field}
      value={written[field.name] ?? ""}
      error={errors[field.name]}
      first={index === 0}
      onChange={value => onChange(field.name, value)}
    />
  ));
}

const INPUT_TYPES: Partial<Record<Field["type"], string>> = { moment: "datetime-local", email: "email", number: "number" };

type OneProps = {
  field: Field;
  value: string | boolean;
  error: string | undefined;
  first: boolean;
  onChange: (value: string | boolean) => void;
};

function OneField({ field, value, error, first, onChange }: OneProps) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const { name, type, required, max, values, to } = field;
  const common = {
    label: words.field(name),
    error,
    required: required && !field.empty,
    ...(first ? { "data-autofocus": true } : {}),
  };
  const typed = { ...common, value: String(value), ...(max === null ? {} : { maxLength: max }) };
  switch (type) {
    case "flag":
      return (
        <Checkbox
          {...common}
          required={false}
          checked={value === true}
          onChange={event => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={String(value)}
          onChange={event => onChange(event.currentTarget.value)}
          data={[
            ...(required || value !== "" ? [] : [{ value: "", label: t("common.choose") }]),
            ...values.map(one => ({ value: one, label: words.choice(one) })),
          ]}
        />
      );
    case "link":
      return (
        <LinkInput
          label={common.label}
          to={to ?? ""}
          value={String(value)}
          onChange={onChange}
          error={error}
          required={common.required}
        />
      );
    case "prose":
      return <Textarea {...typed} rows={3} onChange={event => onChange(event.currentTarget.value)} />;
    case "secret":
      return (
        <PasswordInput
          {...typed}
          description={t(name === "current_password" ? "admin.form.ownPassword" : "admin.form.passwordKept")}
          autoComplete={name === "current_password" ? "current-password" : "new-password"}
          visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
          onChange={event => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...typed}
          type={INPUT_TYPES[type] ?? "text"}
          {...(type === "number" ? { min: 0, step: 1 } : {})}
          onChange={event => onChange(event.currentTarget.value)}
        />
      );
  }
}
