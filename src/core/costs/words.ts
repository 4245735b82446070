import type { Unit } from "../ledger/index.ts";
import { layOut } from "../mail/index.ts";
import type { Language } from "../people/model.ts";

/** Mails about budgets that run out. Pure: facts in, letter out. */
export interface BudgetMailFacts {
  readonly language: Language;
  readonly study: string;
  readonly unit: Unit;
  readonly percent: number;
  readonly used: string;
  readonly granted: string;
  /** In words of the language; "" when it is not foreseen. */
  readonly exhaustedAt: string;
  readonly link: string;
}

const UNITS: Readonly<Record<Language, Readonly<Record<Unit, string>>>> = {
  en: {
    "cpu-seconds": "core hours",
    "gpu-seconds": "GPU hours",
    "memory-mib-seconds": "GiB hours of memory",
    "storage-mib-seconds": "GiB hours of storage",
    tasks: "tasks",
    money: "money",
  },
  nl: {
    "cpu-seconds": "rekenuren",
    "gpu-seconds": "GPU-uren",
    "memory-mib-seconds": "GiB-uren geheugen",
    "storage-mib-seconds": "GiB-uren opslag",
    tasks: "taken",
    money: "geld",
  },
};

/** As people count it: hours, and GiB. */
export function shownAmount(unit: Unit, amount: number, language: Language, currency: string): string {
  const locale = language === "nl" ? "nl-NL" : "en-GB";
  if (unit === "money") return new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount / 100);
  const per = unit === "tasks" ? 1 : unit.includes("mib") ? 3600 * 1024 : 3600;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(amount / per)} ${UNITS[language][unit]}`;
}

export function budgetMail(f: BudgetMailFacts) {
  const unit = UNITS[f.language][f.unit];
  if (f.language === "nl")
    return layOut(
      {
        subject:
          f.percent >= 100
            ? `${f.study}: het budget aan ${unit} is op`
            : `${f.study}: ${f.percent}% van het budget aan ${unit} is gebruikt`,
        parts: [
          `De studie “${f.study}” heeft ${f.used} gebruikt van ${f.granted}.`,
          ...(f.percent >= 100 ? ["Nieuw werk wordt geweigerd tot er meer is toegekend."] : []),
          ...(f.exhaustedAt === "" ? [] : [`Gaat het zo door, dan is het op ${f.exhaustedAt} op.`]),
          { link: f.link, label: "Open de studie" },
        ],
        foot: "Verstuurd door Havre aan wie deze studie beheert.",
      },
      f.language,
    );
  return layOut(
    {
      subject:
        f.percent >= 100
          ? `${f.study}: the budget of ${unit} is used up`
          : `${f.study}: ${f.percent}% of the budget of ${unit} is used`,
      parts: [
        `The study “${f.study}” has used ${f.used} of ${f.granted}.`,
        ...(f.percent >= 100 ? ["New work is refused until more is granted."] : []),
        ...(f.exhaustedAt === "" ? [] : [`If it goes on like this, nothing is left on ${f.exhaustedAt}.`]),
        { link: f.link, label: "Open the study" },
      ],
      foot: "Sent by Havre to those who administer this study.",
    },
    f.language,
  );
}
