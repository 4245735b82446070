/** The mail port: hands one letter to a mail server. */
export interface Mailer {
  /**
   * Resolves when the server has taken the letter.
   * @throws HavreError temporary kinds when it may take it later; "invalid" or "forbidden" when it never will
   */
  send(letter: OutgoingMail, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface OutgoingMail {
  readonly from: string;
  readonly recipient: string;
  readonly replyTo: string | undefined;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
}
