import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { mayLook } from "../selling/queries.ts";
import css from "./market.module.css";
import { meQuery, useWaiting } from "./queries.ts";

/** The frame of the marketplace: its pages side by side, above whatever is looked at. */
export function MarketPage() {
  const { t } = useTranslation();
  const waiting = useWaiting();
  const sells = mayLook(useQuery(meQuery).data);
  return (
    <>
      <nav aria-label={t("market.menu")} className={css.places}>
        <Link to="/market/" activeOptions={{ exact: true, includeSearch: false }}>
          {t("market.catalogue")}
        </Link>
        <Link to="/market/orders">
          {t("market.orders")}
          {waiting > 0 && (
            <span className={css.count}>
              <span aria-hidden="true">{waiting}</span>
              <span className={css.unseen}>{t("market.waiting", { count: waiting })}</span>
            </span>
          )}
        </Link>
        <Link to="/market/resources">{t("market.resources")}</Link>
        <Link to="/market/costs">{t("market.costs")}</Link>
        {sells && <Link to="/market/selling">{t("selling.title")}</Link>}
      </nav>
      <Outlet />
    </>
  );
}
