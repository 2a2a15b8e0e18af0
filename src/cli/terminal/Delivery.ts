import type { MessageId } from "../../domain/MessageId.js"

/**
 * What has become of a message of ours. `sent`: it is kept, and goes out as soon as it can. `waiting`: it waits until
 * the other side has asked for us, too. `dropped`: it was written to a key that is not theirs any more.
 */
export interface Sent {
  readonly id: MessageId
  state: "sent" | "waiting" | "delivered" | "read" | "dropped"
}

/** A mark behind the message, and the word for it. */
export const mark = (sent: Sent, connected: boolean, isAscii: boolean): string =>
  (isAscii ? ASCII_MARKS : MARKS)[stateOf(sent, connected)]

export const word = (sent: Sent, connected: boolean): string => WORDS[stateOf(sent, connected)]

const stateOf = ({ state }: Sent, connected: boolean): keyof typeof MARKS =>
  state === "sent" && !connected ? "queued" : state

const MARKS = { queued: "○", sent: "…", waiting: "◌", delivered: "✓", read: "✓✓", dropped: "✗" } as const

/** In brackets, as they stand behind what somebody wrote. */
const ASCII_MARKS = {
  queued: "(queued)",
  sent: "(...)",
  waiting: "(waits)",
  delivered: "(delivered)",
  read: "(read)",
  dropped: "(not delivered)"
} as const

const WORDS = {
  queued: "goes out when they are connected",
  sent: "on its way",
  waiting: "waits for their answer",
  delivered: "delivered",
  read: "read",
  dropped: "not delivered"
} as const
