import { ResetCode } from "../../protocol/FileRecord.js"

/**
 * Why a transfer is over, as one side tells the other: with the RESET of its stream, or with an END once it has none.
 * `Busy` is the only one that a later stream may undo.
 */
export type EndReason =
  /** The user wants it so. */
  | "Cancelled"
  /** It did not move on for as long as somebody was ready to wait. */
  | "TimedOut"
  /** It was offered, and is not wanted. */
  | "Declined"
  /** The source is not what was offered any more. */
  | "Changed"
  /** The source cannot be read any more. */
  | "Unreadable"
  /** The bytes could not be stored, or used. */
  | "Storage"
  /** There is no space left for them. */
  | "Full"
  /** Nothing is known of such a transfer: the program that had it has ended and left nothing. */
  | "Unknown"
  /** The other side broke the protocol (by `us`), or says that we did. */
  | "Violation"
  /** The bytes are not those that were offered: changed while they were sent, or damaged. */
  | "Corrupt"
  /** The offer is of a version that the receiver does not know. */
  | "Unsupported"
  /** Too many offers or transfers at once: offer it again later. */
  | "Busy"
  /** A reason that this version does not know. */
  | "Other"

export const codeOf = (reason: Exclude<EndReason, "Other">): number => CODES[reason]

export const reasonOf = (code: number): EndReason => REASONS.get(code) ?? "Other"

const CODES: Readonly<Record<Exclude<EndReason, "Other">, number>> = {
  Cancelled: ResetCode.cancelled,
  TimedOut: ResetCode.timedOut,
  Declined: ResetCode.declined,
  Changed: ResetCode.changed,
  Unreadable: ResetCode.unreadable,
  Storage: ResetCode.storage,
  Full: ResetCode.full,
  Unknown: ResetCode.unknown,
  Violation: ResetCode.violation,
  Corrupt: ResetCode.corrupt,
  Unsupported: ResetCode.unsupported,
  Busy: ResetCode.busy
}

const REASONS: ReadonlyMap<number, EndReason> = new Map([
  // The transport's own: it had no room for one more stream.
  [1, "Busy"],
  ...Object.entries(CODES).map(([reason, code]) => [code, reason as EndReason] as const)
])
