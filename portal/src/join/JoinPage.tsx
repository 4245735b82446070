import { Button, Group } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import css from "../account/account.module.css";
import { ApiError, api } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";

/** Where the link of a mail leads that asks somebody to take a role. */
export function JoinPage() {
  const { t } = useTranslation();
  usePageTitle(t("join.title"));
  const { invitation } = useParams({ from: "/join/$invitation" });
  const session = useSession();
  const navigate = useNavigate();
  const announce = useAnnounce();
  const client = useQueryClient();
  const path = `/user-invitations/${invitation}`;
  // It changes nothing, but may only be asked so.
  const check = useQuery({ queryKey: ["join", invitation], queryFn: () => api<{ email: string }>("POST", `${path}/check/`) });
  const accepting = useMutation({
    mutationFn: () => api<unknown>("POST", `${path}/accept/`),
    onSuccess: async () => {
      announce(t("join.done"));
      await navigate({ to: "/studies" });
      // With a role more is seen than what was fetched before. Only now: the invitation itself is over, and still shown before.
      void client.invalidateQueries();
    },
  });
  return (
    <div className={css.narrow}>
      <h1>{t("join.title")}</h1>
      <Panel>
        {check.isPending && <Waiting />}
        {check.isError &&
          (check.error instanceof ApiError && check.error.status === 404 ? (
            <p className={css.text}>{t("join.over")}</p>
          ) : (
            <Failure error={check.error} retry={check.refetch} />
          ))}
        {check.data && (
          <>
            <p className={css.text}>{t("join.text", { email: check.data.email })}</p>
            {accepting.isError && <Failure error={accepting.error} />}
            <Group>
              {session ? (
                <Button onClick={() => accepting.mutate()} loading={accepting.isPending}>
                  {t("join.accept")}
                </Button>
              ) : (
                <Button renderRoot={props => <Link to="/sign-in" search={{ next: `/join/${invitation}` }} {...props} />}>
                  {t("join.signIn")}
                </Button>
              )}
            </Group>
          </>
        )}
      </Panel>
      {!session && (
        <p className={css.note}>
          <Link to="/register" search={{ next: `/join/${invitation}` }}>
            {t("join.register")}
          </Link>
        </p>
      )}
    </div>
  );
}
