import { Button, Group } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import css from "../account/account.module.css";
import { api } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";

/** Where the link of a mail to whoever runs the server leads. Opening it decides nothing: programs that look into mails open links, too. */
export function ApprovePage() {
  const { t } = useTranslation();
  usePageTitle(t("join.approve.title"));
  const { token } = useParams({ from: "/join/approve/$token" });
  const deciding = useMutation({
    mutationFn: (verb: "approve" | "reject") => api<unknown>("POST", `/user-invitations/${verb}/`, { token }),
  });
  return (
    <div className={css.narrow}>
      <h1>{t("join.approve.title")}</h1>
      <Panel>
        {deciding.isSuccess ? (
          <p className={css.text}>{t(deciding.variables === "approve" ? "join.approve.approved" : "join.approve.rejected")}</p>
        ) : (
          <>
            <p className={css.text}>{t("join.approve.text")}</p>
            {deciding.isError && <Failure error={deciding.error} />}
            <Group>
              <Button onClick={() => deciding.mutate("approve")} loading={deciding.isPending}>
                {t("join.approve.yes")}
              </Button>
              <Button variant="default" onClick={() => deciding.mutate("reject")} disabled={deciding.isPending}>
                {t("join.approve.no")}
              </Button>
            </Group>
          </>
        )}
      </Panel>
    </div>
  );
}
