import { once } from "node:events";
import { SMTPServer } from "smtp-server";

/** A mail server that accepts everything and counts it. */
export interface SmtpSink {
  readonly port: number;
  /** Letters it said yes to, by Message-ID: more than once when the sender died before it heard the yes. */
  readonly letters: ReadonlyMap<string, number>;
  /** The same as they came, each time: to whom, and all of it. */
  readonly received: readonly { readonly to: readonly string[]; readonly text: string }[];
  /** Called once, with the next letter: before it is accepted, or when it was. */
  onNext(moment: "before" | "after", act: () => void): void;
  stop(): Promise<void>;
}

export async function startSmtpSink(): Promise<SmtpSink> {
  const letters = new Map<string, number>();
  const received: { to: string[]; text: string }[] = [];
  let awaited: { moment: "before" | "after"; act: () => void } | undefined;
  const reached = (moment: "before" | "after"): void => {
    if (awaited?.moment !== moment) return;
    const { act } = awaited;
    awaited = undefined;
    act();
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, { envelope }, accept) {
      let text = "";
      stream.on("data", chunk => (text += chunk));
      stream.on("end", () => {
        const id = /^message-id:\s*(<[^>]+>)/im.exec(text)?.[1] ?? "none";
        reached("before");
        letters.set(id, (letters.get(id) ?? 0) + 1);
        received.push({ to: envelope.rcptTo.map(({ address }) => address), text });
        accept();
        reached("after");
      });
    },
  });
  // A client that was killed in the middle of a letter.
  server.on("error", () => {});
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    letters,
    received,
    onNext: (moment, act) => {
      awaited = { moment, act };
    },
    stop: () => new Promise(resolve => server.close(() => resolve())),
  };
}
