import type { Component } from "./types.ts";

/** Amounts as somebody types them: empty is not said. */
export type Limits = Readonly<Record<string, number>>;

export const isLimitable = ({ billing_type }: Pick<Component, "billing_type">): boolean =>
  billing_type === "limit" || billing_type === "usage";

/** What a form begins with: what the provider proposes, else the least that is allowed. */
export const firstLimits = (components: readonly Component[]): Limits =>
  Object.fromEntries(
    components.filter(isLimitable).flatMap(({ type, default_limit, min_value, billing_type }) => {
      const first = default_limit ?? min_value ?? (billing_type === "limit" ? 0 : undefined);
      return first === undefined ? [] : [[type, first]];
    }),
  );

/** The most that may be asked for; null: as much as one likes. */
export const mostOf = ({ is_boolean, max_value, max_available_limit, billing_type }: Component): number | null => {
  const bounds = [is_boolean ? 1 : max_value, billing_type === "limit" ? max_available_limit : null].filter(
    bound => bound !== null,
  );
  return bounds.length === 0 ? null : Math.min(...bounds);
};
