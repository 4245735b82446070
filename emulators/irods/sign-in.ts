import { createHash, randomBytes } from "node:crypto";
import type { Zone } from "../irods.ts";
import type { Reply } from "./apis.ts";
import { Refusal } from "./catalogue.ts";
import { type Tree, tag, text } from "./codec.ts";

const WRONG_PASSWORD = -826000;
const NO_SUCH_USER = -827000;
const EXPIRED = -840000;
const PAM_FAILED = -993000;
const NOT_ENCRYPTED = -1104000;

/** Both ways to show a password: by a challenge, and to PAM, which is told the password itself and gives one for a while. */
export class SignIn {
  isDone = false;
  #challenge: Buffer = Buffer.alloc(64);
  readonly #zone: Zone;
  readonly #isEncrypted: () => boolean;

  constructor(zone: Zone, isEncrypted: () => boolean) {
    this.#zone = zone;
    this.#isEncrypted = isEncrypted;
  }

  answer(api: number, message: Tree | undefined): Reply {
    if (api === 703) {
      // No zero and no white space in it: clients differ in what they do with those (python-irodsclient strips it).
      this.#challenge = randomBytes(64).map(byte => (byte <= 0x20 ? byte + 0x21 : byte)) as Buffer;
      return { text: tag("authRequestOut_PI", [["challenge", this.#challenge.toString("base64")]]) };
    }
    if (api === 704) {
      this.#check(text(message, "username").split("#")[0] ?? "", Buffer.from(text(message, "response"), "base64"));
      return {};
    }
    if (api === 725) {
      const given = this.#pam(text(message, "pamUser"), text(message, "pamPassword"));
      return { text: tag("pamAuthRequestOut_PI", [["irodsPamPassword", given]]) };
    }
    return this.#plugin(JSON.parse(Buffer.from(text(message, "buf"), "base64").toString("utf8").replace(/\0+$/, "")));
  }

  #plugin(said: Record<string, string>): Reply {
    const [major = 0, minor = 0] = this.#zone.version.split(".").map(Number);
    if (major < 4 || (major === 4 && minor < 3)) throw new Refusal(-12000);
    const reply = (more: object): Reply => {
      const json = Buffer.from(`${JSON.stringify({ ...said, ...more })}\0`);
      return {
        text: tag("BinBytesBuf_PI", [
          ["buflen", json.length],
          ["buf", json.toString("base64")],
        ]),
      };
    };
    if (said.scheme === "pam_password") return reply({ request_result: this.#pam(said.user_name ?? "", said.a_pw ?? "") });
    if (said.next_operation === "auth_agent_auth_request") {
      this.#challenge = Buffer.from(randomBytes(48).toString("base64"));
      return reply({ request_result: this.#challenge.toString() });
    }
    if (said.next_operation !== "auth_agent_auth_response") throw new Refusal(-1);
    this.#check(said.user_name ?? "", Buffer.from(said.digest ?? "", "base64"));
    return reply({});
  }

  #pam(user: string, password: string): string {
    if (!this.#isEncrypted()) throw new Refusal(NOT_ENCRYPTED);
    if (user !== this.#zone.user || password !== this.#zone.pamPassword) throw new Refusal(PAM_FAILED);
    const given = randomBytes(16).toString("hex");
    this.#zone.given.add(given);
    return given;
  }

  #check(user: string, response: Buffer): void {
    const { zone: _, password, given, faults } = this.#zone;
    if (user !== this.#zone.user) throw new Refusal(NO_SUCH_USER);
    if (![password, ...given].some(one => this.#expected(one).equals(response))) throw new Refusal(WRONG_PASSWORD);
    if (faults.passwordExpired) throw new Refusal(EXPIRED);
    this.isDone = true;
  }

  #expected(password: string): Buffer {
    const [challenge, secret] = [Buffer.alloc(64), Buffer.alloc(50)];
    this.#challenge.copy(challenge);
    Buffer.from(password).copy(secret);
    return createHash("md5")
      .update(challenge)
      .update(secret)
      .digest()
      .map(byte => byte || 1) as Buffer;
  }
}
