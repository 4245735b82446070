/** One tus upload: the way in. What it becomes is a drop; a part of a parallel upload becomes none. */
export interface Upload {
  /** 128 random bits: knowing it is the right to go on. */
  readonly id: string;
  readonly studyId: number;
  /** Undefined for a part. */
  readonly dropId: number | undefined;
  readonly kind: "whole" | "part" | "joined";
  /** Ids of the uploads that a joined one is made of, in order. */
  readonly parts: readonly string[];
  /** Undefined: not told yet. */
  readonly lengthBytes: number | undefined;
  /** What the provider said to show, without code, study and address. */
  readonly metadata: Metadata;
  readonly blobKey: string;
  readonly expiresAt: Date;
  readonly finishedAt: Date | undefined;
  /** Expired, cancelled, refused, or used up as a part. */
  readonly endedAt: Date | undefined;
}

export type Metadata = Readonly<Record<string, string>>;

/** What a provider asks for when an upload begins. */
export interface NewUpload {
  readonly studyUuid: string;
  readonly ip: string;
  readonly language: "en" | "nl";
  readonly lengthBytes: number | undefined;
  readonly metadata: Metadata;
}

/** How far an upload is. */
export interface Standing {
  readonly upload: Upload;
  readonly offsetBytes: number;
}

export interface Created extends Standing {
  /** Undefined for a part: it has no drop. */
  readonly receiptSecret: string | undefined;
}
