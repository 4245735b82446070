/** The webhook port: tells an address that somebody chose of something that happened. */
export interface Webhook {
  /**
   * Resolves when the other side took it (2xx).
   * @throws HavreError "invalid" when it refuses for good (4xx, a redirect), "forbidden" for an address that may not be reached,
   * "throttled", "unavailable", "network", "timeout" for what may pass
   */
  post(url: string, body: unknown, signal: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}
