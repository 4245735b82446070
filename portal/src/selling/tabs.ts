export const OFFERING_TABS = ["overview", "components", "plans", "form", "attributes", "files", "rules"] as const;
export type OfferingTab = (typeof OFFERING_TABS)[number];
