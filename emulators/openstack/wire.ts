/** A request as the services see it. */
export interface Request {
  readonly method: string;
  /** Without the root of the service. */
  readonly path: string;
  readonly query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: what a client sends is read field by field
  readonly body: any;
  /** The root of the service, for links. */
  readonly root: string;
  /** "2.61" of "compute 2.61"; "" when it was not said. */
  readonly version: string;
}
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
}
/** A refusal in a service's own wrapping. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
