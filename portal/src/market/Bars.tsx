import { useTranslation } from "react-i18next";
import css from "./graphs.module.css";
import { amount, shortMonth } from "./money.ts";
import type { MonthUse } from "./used.ts";

type Props = {
  months: readonly MonthUse[];
  unit: string;
  label: string;
  limit?: number | undefined;
  show?: (value: number) => string;
};

/** One bar a month, against a limit that each of them has. Each is a line of text too, for those who cannot see it. */
export function Bars({ months, unit, label, limit, show }: Props) {
  const { t, i18n } = useTranslation();
  const said = show ?? ((value: number) => `${amount(value, i18n.language)} ${unit}`.trim());
  const most = Math.max(limit ?? 0, ...months.map(month => month.amount), Number.MIN_VALUE);
  const share = (value: number): string => `${Math.min(100, (value / most) * 100).toFixed(1)}%`;
  return (
    <figure className={css.figure}>
      <figcaption>{label}</figcaption>
      <div className={css.plot}>
        {limit !== undefined && limit > 0 && (
          <span className={css.limit} style={{ bottom: share(limit) }}>
            <span>{t("market.limitLine", { amount: said(limit) })}</span>
          </span>
        )}
        <ol className={css.bars}>
          {months.map(({ month, amount: used }) => (
            <li key={month} title={`${shortMonth(month, i18n.language)}: ${said(used)}`}>
              <span
                className={css.bar}
                data-over={(limit !== undefined && limit > 0 && used > limit) || undefined}
                style={{ height: share(used) }}
              />
              <span className={css.unseen}>{`${shortMonth(month, i18n.language)}: ${said(used)}`}</span>
            </li>
          ))}
        </ol>
      </div>
      <div className={css.axis} aria-hidden="true">
        {months.map(({ month }) => (
          <span key={month}>{shortMonth(month, i18n.language)}</span>
        ))}
      </div>
    </figure>
  );
}
