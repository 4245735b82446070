import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import type { CodeCheck } from "../api/types.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { rememberCode } from "./code.ts";

type Props = { study: string; start: string; onPass: (pass: { code: string; name: string }) => void };

/** Asks for the code. One that came with the link is tried at once; when it is wrong, it stands there to be corrected. */
export function CodeForm({ study, start, onPass }: Props) {
  const { t } = useTranslation();
  const [code, setCode] = useState(start);
  const check = useMutation({
    mutationFn: (given: string) => api<CodeCheck>("POST", `/v1/dropoffs/pages/${study}/check/`, { code: given }),
    onSuccess: (answer, given) => {
      rememberCode(study, given);
      onPass({ code: given, name: answer.uploader?.name ?? "" });
    },
  });
  const tried = useRef(false);
  const { mutate } = check;
  useEffect(() => {
    if (start && !tried.current) mutate(start);
    tried.current = true;
  }, [start, mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (code.trim()) mutate(code.trim());
  };
  const wrong = check.error instanceof ApiError && check.error.status === 403;
  return (
    <Panel title={t("dropoff.codeTitle")}>
      <form onSubmit={submit}>
        <TextInput
          label={t("dropoff.code")}
          description={t("dropoff.codeHelp")}
          value={code}
          onChange={event => setCode(event.currentTarget.value)}
          error={check.error ? (wrong ? t("dropoff.codeWrong") : wordsFor(check.error, t)) : undefined}
          size="md"
          required
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", letterSpacing: "0.08em" } }}
        />
        <Button type="submit" size="md" mt="md" fullWidth loading={check.isPending}>
          {t("dropoff.codeGo")}
        </Button>
      </form>
    </Panel>
  );
}
