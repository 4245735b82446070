import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import css from "./market.module.css";
import { PriceRange } from "./PriceRange.tsx";
import { facetsQuery } from "./queries.ts";
import type { Facet } from "./types.ts";

const FACETS = ["category", "provider", "type", "billable"] as const;
/** Types that we have words for; others are shown as they are called. */
export const OFFERING_TYPES = [
  "Marketplace.Basic",
  "Marketplace.Slurm",
  "Marketplace.Remote",
  "Havre.Allocation",
  "Havre.Machine",
  "Havre.Storage",
] as const;

export function useTypeName(): (type: string) => string {
  const { t } = useTranslation();
  return type => {
    const known = OFFERING_TYPES.find(one => one === type);
    return known ? t(`market.type.${known.replace(".", "") as "MarketplaceBasic"}`) : type;
  };
}

/** What one may narrow the catalogue by, with how much of it there is. A second press takes a choice away. */
export function Facets() {
  const { t } = useTranslation();
  const { page: _, ...asked } = useSearch({ from: "/signed-in/market/" });
  const facets = useQuery(facetsQuery(asked));
  const typeName = useTypeName();
  // Where they stand above what was found, they are closed until somebody wants them.
  const beside = useMediaQuery("(min-width: 861px)", true, { getInitialValueInEffect: false });
  const nameOf = ({ facet, value, name }: Facet): string =>
    facet === "type" ? typeName(value) : facet === "billable" ? t(value === "true" ? "market.paid" : "market.free") : name;
  return (
    <div className={css.facets}>
      {FACETS.map(facet => {
        const rows = (facets.data ?? []).filter(row => row.facet === facet);
        const chosen = asked[facet];
        if (rows.length < 2 && chosen === undefined) return null;
        return (
          <details key={facet} open={beside || chosen !== undefined}>
            <summary>{t(`market.facet.${facet}`)}</summary>
            <ul>
              {rows.map(row => {
                const isChosen = chosen === row.value;
                const { [facet]: _own, ...others } = asked;
                return (
                  <li key={row.value}>
                    <Link
                      to="/market/"
                      search={isChosen ? others : { ...others, [facet]: row.value }}
                      aria-current={isChosen ? "true" : undefined}
                      resetScroll={false}
                      className={css.facet}
                      data-chosen={isChosen || undefined}
                    >
                      <span>{nameOf(row)}</span>
                      <span className={css.number}>{row.count}</span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </details>
        );
      })}
      <PriceRange key={`${asked.priceMin}..${asked.priceMax}`} found={facets.data?.find(row => row.facet === "price")} />
      {Object.keys(asked).length > 0 && (
        <Link to="/market/" search={{}}>
          {t("market.showAll")}
        </Link>
      )}
    </div>
  );
}
