import { Button, Group } from "@mantine/core";
import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import css from "./lost.module.css";
import { usePageTitle } from "./usePageTitle.ts";

/** The page for an address that leads nowhere. */
export function NotFound({ text }: { text?: string }) {
  const { t } = useTranslation();
  usePageTitle(t("lost.title"));
  return (
    <div className={css.lost}>
      <Drifting />
      <h1>{t("lost.title")}</h1>
      <p>{text ?? t("lost.text")}</p>
      <Button renderRoot={props => <Link to="/" {...props} />}>{t("lost.home")}</Button>
    </div>
  );
}

/** The page for a failure that no other page caught. */
export function Lost({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  const router = useRouter();
  usePageTitle(t("failure.title"));
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className={css.lost} data-wide>
      <h1>{t("lost.broken")}</h1>
      <Failure error={error} retry={again} />
      {!(error instanceof ApiError) && (
        <Group justify="center" mt="md">
          <Button variant="default" onClick={() => window.location.reload()}>
            {t("lost.reload")}
          </Button>
        </Group>
      )}
    </div>
  );
}

/** A small boat that lost its way. */
function Drifting() {
  return (
    <svg viewBox="0 0 220 110" width="220" aria-hidden="true" focusable="false" className={css.boat}>
      <g>
        <path d="M110 18v44M110 20l30 38h-30z" fill="#ffb17a" stroke="#b04714" strokeWidth="3" strokeLinejoin="round" />
        <path d="M72 66h76l-12 18H84z" fill="#1d768b" />
      </g>
      <path
        d="M10 90c14 0 14-9 28-9s14 9 28 9 14-9 28-9 14 9 28 9 14-9 28-9 14 9 28 9 14-9 28-9"
        fill="none"
        stroke="#55aabc"
        strokeWidth="5"
        strokeLinecap="round"
      />
    </svg>
  );
}
