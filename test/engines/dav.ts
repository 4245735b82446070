/** What every WebDAV server started here is: for tests and benchmarks, on 127.0.0.1, with a folder of its own. */
export interface DavOptions {
  readonly user?: string;
  readonly password?: string;
  /** Where its files lie; a new temporary folder when absent, removed by `stop`. */
  readonly root?: string;
}

export interface DavServer {
  /** Ends with "/". */
  readonly url: string;
  readonly root: string;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

export const DAV_USER = "mira";
export const DAV_PASSWORD = "pâss:wörd #1";
