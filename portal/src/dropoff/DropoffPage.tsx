import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, get } from "../api/client.ts";
import type { DropoffStudy } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { CodeForm } from "./CodeForm.tsx";
import { useCodeFromLink } from "./code.ts";
import css from "./dropoff.module.css";
import { Closed, StudyCard } from "./StudyCard.tsx";
import { Uploader } from "./Uploader.tsx";

/** Where a data provider drops files. No account; the code from the invitation opens it. */
export function DropoffPage() {
  const { t } = useTranslation();
  const { study } = useParams({ from: "/dropoffs/$study" });
  const page = useQuery({
    queryKey: ["dropoff", study],
    queryFn: () => get<DropoffStudy>(`/v1/dropoffs/pages/${encodeURIComponent(study)}/`),
  });
  usePageTitle(page.data ? t("dropoff.pageTitle", { name: page.data.name }) : t("dropoff.title"));

  if (page.error instanceof ApiError && page.error.status === 404) return <NotFound text={t("dropoff.unknown")} />;
  if (page.error) return <Failure error={page.error} retry={page.refetch} />;
  if (!page.data) return <Waiting rows={5} />;
  return (
    <div className={css.page}>
      <StudyCard page={page.data} />
      <div className={css.side}>
        {page.data.accepts ? <Gate key={study} study={study} page={page.data} /> : <Closed reason={page.data.reason} />}
      </div>
    </div>
  );
}

function Gate({ study, page }: { study: string; page: DropoffStudy }) {
  const linkCode = useCodeFromLink(study);
  const [pass, setPass] = useState<{ code: string; name: string }>();
  if (!pass) return <CodeForm study={study} start={linkCode} onPass={setPass} />;
  return <Uploader study={study} page={page} code={pass.code} name={pass.name} onOtherCode={() => setPass(undefined)} />;
}
