import { TextInput } from "@mantine/core";
import { IconBuildingStore, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import cards from "../parts/cards.module.css";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { useTyped } from "../parts/useTyped.ts";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Facets } from "./Facets.tsx";
import css from "./market.module.css";
import { money } from "./money.ts";
import { catalogueQuery, pathOf, useCurrency } from "./queries.ts";
import type { Offering, Plan } from "./types.ts";

const PAGE_SIZE = 12;

export function CataloguePage() {
  const { t } = useTranslation();
  usePageTitle(t("market.catalogue"));
  const { page = 1, ...asked } = useSearch({ from: "/signed-in/market/" });
  const navigate = useNavigate({ from: "/market/" });
  const offerings = useQuery(catalogueQuery(asked, page, PAGE_SIZE));
  const narrowed = Object.keys(asked).length > 0;
  return (
    <>
      <PageHead title={t("market.catalogue")} lead={<p>{t("market.lead")}</p>} />
      <div className={css.catalogue}>
        <div>
          <Search />
          <Facets />
        </div>
        <section aria-label={t("market.offerings")} className={css.found}>
          {offerings.error && <Failure error={offerings.error} retry={offerings.refetch} />}
          {offerings.isPending && <Waiting rows={5} />}
          {offerings.data && (
            <p role="status" className={css.quiet}>
              {t("market.found", { count: offerings.data.count })}
            </p>
          )}
          {offerings.data?.count === 0 && (
            <Panel>
              <Empty
                icon={<IconBuildingStore size={40} stroke={1.4} />}
                title={t(narrowed ? "market.nothingFound" : "market.none")}
              >
                {narrowed ? (
                  <>
                    {t("market.nothingFoundText")} <Link to="/market/">{t("market.showAll")}</Link>
                  </>
                ) : (
                  t("market.noneText")
                )}
              </Empty>
            </Panel>
          )}
          <ul className={`${cards.cards} ${css.cards}`}>
            {(offerings.data?.rows ?? []).map(offering => (
              <Card key={offering.uuid} offering={offering} />
            ))}
          </ul>
          <Pager
            page={page}
            count={offerings.data?.count ?? 0}
            pageSize={PAGE_SIZE}
            onPage={next => void navigate({ search: before => ({ ...before, page: next }) })}
            what={t("market.offerings")}
          />
        </section>
      </div>
    </>
  );
}

function Search() {
  const { t } = useTranslation();
  const { search = "" } = useSearch({ from: "/signed-in/market/" });
  const navigate = useNavigate({ from: "/market/" });
  const go = (value: string): void => {
    void navigate({
      search: ({ search: _before, page: _page, ...others }) => ({ ...others, ...(value ? { search: value } : {}) }),
      replace: true,
    });
  };
  const typed = useTyped(search, go);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(typed.value.trim());
  };
  return (
    <search>
      <form onSubmit={submit}>
        <TextInput type="search" label={t("market.search")} leftSection={<IconSearch size={17} />} {...typed} />
      </form>
    </search>
  );
}

function Card({ offering }: { offering: Offering }) {
  const { t } = useTranslation();
  return (
    <li className={`${cards.card} ${css.card}`}>
      {offering.thumbnail && <img className={css.thumbnail} src={pathOf(offering.thumbnail)} alt="" loading="lazy" />}
      <div className={cards.cardTop}>
        <span className={css.quiet}>{offering.category_title}</span>
        {offering.state === "Paused" && <Tag tone="quiet">{t("market.offering.Paused")}</Tag>}
      </div>
      <h2>
        <Link to="/market/offerings/$uuid" params={{ uuid: offering.uuid }}>
          {offering.name}
        </Link>
      </h2>
      <p className={css.quiet}>{offering.customer_name}</p>
      {offering.description && <p className={css.text}>{offering.description}</p>}
      <p className={css.numbers}>
        <Price offering={offering} />
      </p>
    </li>
  );
}

/** The cheapest way in, as its plans say it: a price of each unit of time, or of one of what is counted. */
function Price({ offering }: { offering: Offering }) {
  const { t, i18n } = useTranslation();
  const currency = useCurrency();
  if (!offering.billable) return t("market.free");
  const plans = offering.plans.filter(plan => plan.is_active);
  const [first] = plans;
  if (!first) return t("market.noPlan");
  const fixed = plans.map(plan => ({ plan, price: Number(plan.unit_price) })).filter(({ price }) => price > 0);
  const cheapest = fixed.sort((a, b) => a.price - b.price)[0];
  if (cheapest && fixed.length === plans.length)
    return t("market.from", {
      price: `${money(cheapest.price, currency, i18n.language)} ${t(`market.per.${cheapest.plan.unit}`)}`,
    });
  const counted = countedIn(offering, first);
  return counted.length === 0
    ? t("market.free")
    : counted
        .slice(0, 2)
        .map(({ component, price }) =>
          t("market.eachOf", {
            name: component.name,
            price: money(price, currency, i18n.language, true),
            unit: component.measured_unit || t("market.piece"),
          }),
        )
        .join(" · ");
}

const countedIn = ({ components }: Offering, plan: Plan) =>
  components.flatMap(component => {
    const price = plan.prices[component.type] ?? 0;
    return price > 0 ? [{ component, price }] : [];
  });
