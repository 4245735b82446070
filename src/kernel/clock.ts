/** The only source of time in the core, so that a test can drive it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  #now: number;
  constructor(start: Date = new Date("2026-01-01T00:00:00Z")) {
    this.#now = start.getTime();
  }
  now(): Date {
    return new Date(this.#now);
  }
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const later = (from: Date, milliseconds: number): Date => new Date(from.getTime() + milliseconds);

const DATE = /^\d{4}-\d\d-\d\d$/;
/** Whether a text names a day that the calendar has: `Date` takes 30 February for a day in March. */
export const isDay = (given: string): boolean =>
  DATE.test(given) &&
  !given.startsWith("0000") &&
  !Number.isNaN(Date.parse(given)) &&
  new Date(given).toISOString().startsWith(given);
