export type MailState = "queued" | "sending" | "sent" | "caught" | "parked";

export interface Mail {
  readonly id: number;
  readonly uniqueKey: string;
  readonly kind: string;
  readonly studyId: number | undefined;
  readonly recipient: string;
  readonly replyTo: string | undefined;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly state: MailState;
  readonly reason: string;
  /** The Message-ID header: the same for every attempt, so that a mail server can tell a repeat. */
  readonly messageId: string;
  readonly createdAt: Date;
  readonly sentAt: Date | undefined;
}

export interface NewMail {
  /** Says what this mail is about; a second mail with the same key is never written. */
  readonly uniqueKey: string;
  readonly kind: string;
  readonly studyId?: number;
  readonly recipient: string;
  readonly replyTo?: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}
