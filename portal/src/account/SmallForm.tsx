import { Alert, Button, Group, PasswordInput, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { fieldsOf } from "../api/client.ts";
import { wordsFor } from "../parts/Failure.tsx";
import css from "./account.module.css";
import { inOwnWords } from "./serverWords.ts";

export type SmallField = {
  /** As the server calls it: its refusal stands beside it. */
  name: string;
  label: string;
  help?: string | undefined;
  kind?: "text" | "email" | "password";
  autoComplete: string;
  start?: string;
};

type Props<T> = {
  fields: readonly SmallField[];
  action: string;
  save: (written: Record<string, string>) => Promise<T>;
  onSaved: (saved: T, written: Record<string, string>) => void | Promise<void>;
  danger?: boolean;
  /** Whose password it is: password managers ask. */
  username?: string | undefined;
  /** Before the button. */
  children?: ReactNode;
};

/** Some lines of text and one button. What was written is forgotten once it is saved. */
export function SmallForm<T>({ fields, action, save, onSaved, danger = false, username, children }: Props<T>) {
  const { t } = useTranslation();
  const [written, setWritten] = useState(() => startOf(fields));
  const sending = useMutation({
    mutationFn: save,
    onSuccess: async (saved, sent) => {
      setWritten(startOf(fields));
      await onSaved(saved, sent);
    },
  });
  const refused = fieldsOf(sending.error);
  const elsewhere = sending.error && !fields.some(field => field.name in refused);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    sending.mutate(written);
  };
  return (
    <form onSubmit={submit} className={css.form}>
      {username !== undefined && <input type="text" autoComplete="username" value={username} readOnly hidden />}
      {fields.map(({ name, label, help, kind = "text", autoComplete }) => {
        const Input = kind === "password" ? PasswordInput : TextInput;
        const error = refused[name];
        return (
          <Input
            key={name}
            label={label}
            description={help}
            name={name}
            value={written[name] ?? ""}
            onChange={event => setWritten({ ...written, [name]: event.currentTarget.value })}
            error={error && inOwnWords(error, t)}
            autoComplete={autoComplete}
            required
            {...(kind === "password" ? { visibilityToggleButtonProps: { "aria-label": t("signIn.show") } } : {})}
            {...(kind === "email" ? { type: "email" } : {})}
            {...(autoComplete === "username" ? { autoCapitalize: "none", spellCheck: false } : {})}
          />
        );
      })}
      {children}
      {elsewhere && (
        <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle />} title={t("failure.title")}>
          {inOwnWords(wordsFor(sending.error, t), t)}
        </Alert>
      )}
      <Group>
        <Button type="submit" loading={sending.isPending} {...(danger ? { color: "red" } : {})}>
          {action}
        </Button>
      </Group>
    </form>
  );
}

const startOf = (fields: readonly SmallField[]): Record<string, string> =>
  Object.fromEntries(fields.map(({ name, start = "" }) => [name, start]));
