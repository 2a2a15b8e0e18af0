import type { Check } from "../Check.js"
import type { Host } from "./Host.js"
import { Running } from "./Running.js"
import type { Subject } from "./Subject.js"

export interface ClientCheck extends Check<Subject> {
  /** Whether the client has to read commands and write events. */
  readonly words?: true
  /** What of the protocol it is about, where a client may do without. */
  readonly part?: Part
  /** Whether it takes minutes. */
  readonly isSlow?: true
}

/**
 * `files`: §3.6 and §3.8. `lan`: §4, for a client that shows itself on the local network. `udp`: §2, for a client that
 * asks the server by UDP.
 */
export const PARTS = ["files", "lan", "udp"] as const
export type Part = (typeof PARTS)[number]

/** Runs on the client that checks share. */
export const shared =
  (run: (running: Running) => Promise<void>) =>
  async (subject: Subject): Promise<void> => {
    if (subject.uses === MOST_USES) await retire(subject)
    subject.shared ??= Running.registered(subject)
    subject.uses = (subject.uses ?? 0) + 1
    const running = await subject.shared.catch((error: unknown) => {
      subject.shared = undefined
      throw error
    })
    await run(running)
  }

/** Ends the client that checks share; the next one that needs it starts another. */
export const retire = async (subject: Subject): Promise<void> => {
  const running = await subject.shared?.catch(() => undefined)
  subject.shared = undefined
  subject.uses = 0
  running?.stop()
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

/** A client may send only so much to addresses of one network of which nobody has answered (§3.4-14). */
const MOST_USES = 40
