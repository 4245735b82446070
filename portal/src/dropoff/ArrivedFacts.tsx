import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import type { ReceiptPage } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { DropTag } from "../parts/Status.tsx";
import css from "./dropoff.module.css";

const ASK_EVERY_MS = 3000;

/** What the receipt says of a file that has arrived. Asked for now and then: a live stream per file would use up the browser's connections. */
export function ArrivedFacts({ receipt, name }: { receipt: string; name: string }) {
  const { t } = useTranslation();
  const page = useQuery({
    queryKey: ["receipt", receipt],
    queryFn: () => get<ReceiptPage>(`/v1${receipt}/`),
    refetchInterval: query => {
      const drop = query.state.data?.drop;
      return drop?.sha256 && (drop.status === "DONE" || drop.status === "ERROR") ? false : ASK_EVERY_MS;
    },
  });
  return (
    <div className={css.arrived}>
      {page.data && <DropTag status={page.data.drop.status} />}
      {page.data?.drop.sha256 && (
        <span className={css.hash}>
          <span>SHA-256</span> <Copyable value={page.data.drop.sha256} what={t("common.hashOf", { name })} short />
        </span>
      )}
      <Anchor href={receipt} target="_blank" className={css.receiptLink}>
        {t("receipt.title")}
      </Anchor>
    </div>
  );
}
