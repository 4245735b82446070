import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import css from "./files.module.css";

/** Where one is: every folder above, up to the list of storages. */
export function Crumbs({ storage, place, path }: { storage: string; place: string; path: string }) {
  const { t } = useTranslation();
  const parts = path === "" ? [] : path.split("/");
  return (
    <span className={css.crumbs}>
      <Link to="/storages">{t("files.title")}</Link>
      {parts.length > 0 && (
        <>
          <span aria-hidden="true">/</span>
          <Link to="/storages/$id" params={{ id: storage }}>
            {place}
          </Link>
        </>
      )}
      {parts.slice(0, -1).map((part, index) => {
        const folder = parts.slice(0, index + 1).join("/");
        return (
          <span key={folder}>
            <span aria-hidden="true">/ </span>
            <Link to="/storages/$id" params={{ id: storage }} search={{ path: folder }}>
              {part}
            </Link>
          </span>
        );
      })}
    </span>
  );
}
