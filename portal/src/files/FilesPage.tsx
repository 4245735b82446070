import { IconDatabase, IconFolderOpen } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { placesQuery } from "./fileQueries.ts";
import css from "./files.module.css";

/** Storages in which there is something to see. */
export function FilesPage() {
  const { t } = useTranslation();
  usePageTitle(t("files.title"));
  const places = useQuery(placesQuery);
  return (
    <>
      <PageHead title={t("files.title")} lead={<p>{t("files.lead")}</p>} />
      {places.error && <Failure error={places.error} retry={places.refetch} />}
      {places.isPending && <Waiting rows={4} />}
      {places.data && (
        <Panel>
          {places.data.length === 0 && (
            <Empty icon={<IconFolderOpen size={40} stroke={1.4} />} title={t("files.noPlaces")}>
              {t("files.noPlacesText")}
            </Empty>
          )}
          <ul className={css.places}>
            {places.data.map(place => (
              <li key={place.id}>
                <IconDatabase size={22} stroke={1.6} aria-hidden="true" />
                <div>
                  <Link to="/storages/$id" params={{ id: String(place.id) }}>
                    {place.name}
                  </Link>
                  <span className={css.under}>
                    {place.engine} · {t(place.mine ? "files.mine" : "files.shared")}
                  </span>
                </div>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
