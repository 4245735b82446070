import { currency, oneOf, rates } from "./kinds.ts";

export const ledger = {
  ledgerWithoutGrant: oneOf("unlimited", "refuse")(
    "LEDGER_WITHOUT_GRANT",
    "unlimited",
    "What a study may compute that was never granted anything: all it likes, or nothing. A study with a grant has that as its limit.",
  ),
  currency: currency("CURRENCY", "EUR", "The one currency of prices, budgets and invoices (ISO 4217, with two decimals)."),
  workPrices: rates(
    "cpu-hour",
    "gpu-hour",
    "memory-gib-hour",
    "storage-gib-hour",
    "task",
  )(
    "WORK_PRICES",
    "",
    "What computing costs a study with a budget in money, such as `cpu-hour=0.05,gpu-hour=1.20,memory-gib-hour=0.002,task=0.01`. Empty: nothing.",
  ),
};
