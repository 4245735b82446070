import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";

/** What the server says when it has nothing particular to say; ours tells what to do next, in the reader's language. */
const GENERAL = new Set([
  "Not found.",
  "You do not have permission to perform this action.",
  "Authentication credentials were not provided.",
]);

/** What went wrong and what to do next, in words. The server's own words come first. */
export function wordsFor(error: unknown, t: TFunction): string {
  if (!(error instanceof ApiError)) return t("failure.bug");
  const words = error.message || Object.values(error.fields).join(" ");
  if (words && !GENERAL.has(words)) return words;
  if (error.status === 0) return t("failure.offline");
  if (error.status === 401) return t("failure.signIn");
  if (error.status === 403) return t("failure.forbidden");
  if (error.status === 404) return t("failure.notFound");
  if (error.status === 429) return t("failure.tooMany", { seconds: error.retryAfterSeconds ?? 60 });
  return t(error.status >= 500 ? "failure.server" : "failure.bug");
}

export function Failure({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const { t } = useTranslation();
  const here = useLocation({ select: location => location.href });
  const signedOut = error instanceof ApiError && error.status === 401;
  return (
    <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle />} title={t("failure.title")}>
      <p style={{ margin: 0 }}>{wordsFor(error, t)}</p>
      {signedOut && (
        <Button mt="sm" size="compact-md" renderRoot={props => <Link to="/sign-in" search={{ next: here }} {...props} />}>
          {t("signIn.action")}
        </Button>
      )}
      {retry && !signedOut && (
        <Button mt="sm" size="compact-md" variant="default" onClick={() => void retry()}>
          {t("common.again")}
        </Button>
      )}
    </Alert>
  );
}
