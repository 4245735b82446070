import { dropErrand, requeueErrand } from "../../errands/index.ts";
import { resendMail } from "../../mail/index.ts";
import { amendNotice, createNotice, removeNotice } from "../../notices/index.ts";
import {
  action,
  actor,
  adding,
  aLine,
  aMoment,
  blank,
  CREATED,
  changing,
  choice,
  clearable,
  flag,
  json,
  kind,
  link,
  maybe,
  moment,
  number,
  oneOf,
  prose,
  SORTED,
  text,
} from "../describe.ts";

const MAX_REASON = 500;
const MAX_NOTICE = 1000;

export const errands = kind({
  name: "errands",
  object: "errand",
  section: "operations",
  relation: "errand_state",
  key: "number",
  title: "kind",
  columns: {
    kind: text({ filter: true }),
    state: choice(["waiting", "later", "running", "parked"]),
    error: text(),
    attempts: number(SORTED),
    payload: json(),
    progress: json(),
    uniqueKey: text(),
    runAt: moment(SORTED),
    parkedAt: moment({ sort: "nullable" }),
    createdAt: CREATED,
  },
  list: ["kind", "state", "error", "attempts", "payload", "runAt", "parkedAt"],
  search: ["kind", "error"],
  usual: { state: "parked" },
  actions: {
    requeue: action(requeueErrand),
    drop: action(dropErrand, { asks: { reason: aLine(MAX_REASON) }, danger: true }),
  },
});

/** Without their text: links and codes in it belong to who gets them. The outbox shows what may be seen. */
export const mails = kind({
  name: "mails",
  object: "mail",
  section: "operations",
  relation: "mail",
  key: "number",
  title: "subject",
  columns: {
    recipient: text({ sort: true, filter: true }),
    subject: text(),
    kind: text({ filter: true }),
    state: choice(["queued", "sending", "sent", "caught", "parked"]),
    reason: text(),
    study: link("studies", "study_id"),
    messageId: text(),
    createdAt: CREATED,
    sentAt: moment({ sort: "nullable" }),
  },
  list: ["recipient", "subject", "kind", "state", "reason", "createdAt", "sentAt"],
  search: ["recipient", "subject"],
  actions: { resend: action(resendMail) },
});

/** Who did what to what. */
export const events = kind({
  name: "events",
  object: "event",
  section: "operations",
  relation: "event",
  key: "number",
  title: "verb",
  columns: {
    at: moment({ filter: true }),
    actor: actor({ filter: true }),
    verb: text({ filter: true }),
    objectKind: text({ filter: true }),
    objectId: text({ filter: true }),
    study: link("studies", "study_id"),
    data: json(),
    sealSeq: number(),
    sealHash: text(),
  },
  list: ["at", "actor", "verb", "objectKind", "objectId", "study", "data"],
  actions: {},
});

/** A word to everybody, shown on every page while it lasts. */
export const notices = kind({
  name: "notices",
  object: "notice",
  section: "operations",
  relation: "current_notice",
  key: "number",
  title: "text_en",
  columns: {
    textEn: text(),
    textNl: text(),
    level: choice(["info", "warning"]),
    isShown: flag(),
    startsAt: moment(SORTED),
    endsAt: moment({ sort: "nullable" }),
    createdAt: CREATED,
    updatedAt: moment(),
  },
  list: ["textEn", "level", "isShown", "startsAt", "endsAt"],
  search: ["text_en", "text_nl"],
  add: adding(
    {
      textEn: prose(MAX_NOTICE),
      textNl: maybe(blank(prose(MAX_NOTICE))),
      level: oneOf("info", "warning"),
      startsAt: maybe(aMoment()),
      endsAt: maybe(aMoment()),
    },
    createNotice,
  ),
  change: changing(
    {
      textEn: prose(MAX_NOTICE),
      textNl: blank(prose(MAX_NOTICE)),
      level: oneOf("info", "warning"),
      startsAt: aMoment(),
      endsAt: clearable(aMoment()),
    },
    amendNotice,
  ),
  actions: { remove: action(removeNotice, { danger: true }) },
});
