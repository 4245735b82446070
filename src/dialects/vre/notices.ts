import { currentNotices, type Notice } from "../../core/notices/index.ts";
import { nothing, type Route, route, type Schema } from "../../http/route.ts";

const noticeSchema: Schema = {
  type: "object",
  required: ["id", "level", "text"],
  properties: {
    id: { type: "integer" },
    level: { type: "string", enum: ["info", "warning"] },
    text: {
      type: "object",
      required: ["en", "nl"],
      properties: { en: { type: "string" }, nl: { type: "string" } },
    },
  },
};
const noticeShape = ({ id, level, textEn, textNl }: Notice) => ({ id, level, text: { en: textEn, nl: textNl || textEn } });

export const noticeRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/notices/",
    auth: "none",
    tag: "portal",
    summary: "What the administration has to say to everybody now, warnings first",
    reply: { type: "array", items: noticeSchema },
    in: nothing,
    do: currentNotices,
    out: notices => notices.map(noticeShape),
  }),
];
