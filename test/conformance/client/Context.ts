import type { Check } from "../Check.js"
import type { Host } from "./Host.js"
import { Running } from "./Running.js"
import type { Subject } from "./Subject.js"

export interface ClientCheck extends Check<Subject> {
  /** Whether the client has to read commands and write events. */
  readonly words?: true
}

/** Runs on the client that all checks share. */
export const shared =
  (run: (running: Running) => Promise<void>) =>
  async (subject: Subject): Promise<void> => {
    subject.shared ??= Running.registered(subject)
    await run(await subject.shared)
  }

/** Runs on a client of its own, at a server that `prepare` has told how to behave. */
export const own =
  (
    run: (running: Running) => Promise<void>,
    prepare?: (host: Host) => void,
    from: "started" | "registered" = "registered"
  ) =>
  async (subject: Subject): Promise<void> => {
    const running = await (from === "started" ? Running.start(subject, prepare) : Running.registered(subject, prepare))
    try {
      await run(running)
    } finally {
      running.stop()
    }
  }
