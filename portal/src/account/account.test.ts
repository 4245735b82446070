import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TFunction } from "i18next";
import { browserName } from "./browsers.ts";
import { inOwnWords } from "./serverWords.ts";

describe("the name of a browser", () => {
  for (const [name, userAgent] of [
    ["Firefox, Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
    [
      "Chrome, Windows",
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    ],
    [
      "Edge, Windows",
      "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
    ],
    [
      "Safari, macOS",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    ],
    [
      "Safari, iPhone",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
    ],
    [
      "Chrome, Android",
      "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
    ],
    ["curl", "curl/8.9.1"],
    ["", ""],
  ] as const)
    it(`is "${name}" for "${userAgent.slice(0, 60)}"`, () => assert.equal(browserName(userAgent), name));
});

describe("the server's words about accounts", () => {
  const t = ((key: string, values: object = {}) => `<${key.split(".").at(-1)}${Object.values(values)}>`) as unknown as TFunction;
  for (const [said, own] of [
    ["Invalid password.", "<password>"],
    ["This password is too short. It must contain at least 8 characters. This password is too common.", "<short8> <common>"],
    ["The password is too similar to the email address.", "<similar>"],
    ["Accounts here are for addresses at rug.nl, *.umcg.nl.", "<domainsrug.nl, *.umcg.nl>"],
    ["Enter a valid ORCID iD, such as 0000-0002-1825-0097.", "<orcid>"],
    ["Invalid user id or user doesn't exist. Invalid token for given user.", "<link> <link>"],
    ["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.", "<username>"],
    ["Something new.", "Something new."],
  ] as const)
    it(`are our own for: ${said}`, () => assert.equal(inOwnWords(said, t), own));
});
