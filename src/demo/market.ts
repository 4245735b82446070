import {
  createOfferingWithPlans,
  moveOffering,
  type OfferingInput,
  PLAIN_COMPONENT,
  type PlanInput,
} from "../core/market/index.ts";
import { becomeProvider } from "../core/organisations/index.ts";
import type { Actor } from "../core/people/model.ts";
import { loadPreset } from "../core/presets/index.ts";
import type { World } from "../core/world.ts";
import { newUuid } from "../kernel/ids.ts";
import { demoFacts } from "../store/demo.ts";

type Sold = Omit<OfferingInput, "customer" | "category"> & { readonly plans: readonly PlanInput[] };

/** One that becomes a budget by itself, and one that somebody makes by hand. */
const CORES: Sold = {
  name: "Core hours",
  type: "Havre.Allocation",
  description: "Time on the university's cores, for the tasks of a study.",
  texts: {
    full_description:
      "What you order becomes the budget of your study. Every task spends some of it; what it does not use comes back.",
  },
  termsOfService: "Use it for research. Name us in what you publish.",
  pluginOptions: { auto_approve_by_provider: true },
  options: {
    order: ["purpose"],
    options: { purpose: { type: "select_string", label: "What for", required: true, choices: ["Research", "Teaching"] } },
  },
  components: [
    {
      ...PLAIN_COMPONENT,
      type: "cpu_hours",
      name: "Core hours",
      measuredUnit: "h",
      billingType: "limit",
      defaultLimit: 100,
      maxValue: 10_000,
    },
    { ...PLAIN_COMPONENT, type: "gpu_hours", name: "GPU hours", measuredUnit: "h", billingType: "limit", maxValue: 500 },
  ],
  plans: [
    { name: "Now and then", unit: "month", prices: { cpu_hours: "0.02", gpu_hours: "0.9" } },
    {
      name: "Every night",
      description: "Cheaper, for whoever needs much.",
      unit: "month",
      prices: { cpu_hours: "0.015", gpu_hours: "0.75" },
    },
  ],
};
const ADVICE: Sold = {
  name: "Advice on statistics",
  type: "Marketplace.Basic",
  description: "Talk your analysis over with somebody who does nothing else.",
  billable: false,
  components: [
    {
      ...PLAIN_COMPONENT,
      type: "hours",
      name: "Hours",
      measuredUnit: "h",
      billingType: "limit",
      minValue: 1,
      maxValue: 8,
      defaultLimit: 1,
    },
  ],
  plans: [{ name: "Free", unit: "quantity", prices: { hours: "0" } }],
};

/** The university of the demo sells something, so that the catalogue has something to look at. */
export async function loadDemoMarket(world: World, admin: Actor): Promise<void> {
  const { organisationUuid } = await demoFacts(world.store.db);
  if (organisationUuid === undefined) return;
  await becomeProvider(world, admin, { uuid: organisationUuid });
  const [computing, help] = [newUuid(), newUuid()];
  await loadPreset(world, {
    categories: [
      { uuid: computing, title: "Computing", description: "Time on processors, and memory." },
      { uuid: help, title: "Help", description: "People who know how." },
    ],
  });
  for (const [category, offering] of [
    [computing, CORES],
    [help, ADVICE],
  ] as const) {
    const { uuid } = await createOfferingWithPlans(world, admin, { ...offering, customer: organisationUuid, category });
    await moveOffering(world, admin, { uuid, event: "activate" });
  }
}
