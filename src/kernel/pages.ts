/** A window on an ordered list. `offset` and `limit` count rows; `total` counts the rows the caller may see. */
export interface Window {
  readonly offset: number;
  readonly limit: number;
}
export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}
