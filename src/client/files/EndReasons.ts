import type { DeclineReason, FailReason } from "../../core/files/TransferIo.js"

/** Why a transfer ended, in one line for people. `nick` is the other side. */

export const declined = (nick: string, reason: DeclineReason): string =>
  reason === "NoSpace" ? `${nick} has not enough room for it` : `${nick} does not want it`

export const cancelled = (nick: string): string => `${nick} has cancelled it`

export const failed = (nick: string, reason: FailReason, by: "us" | "them"): string => {
  switch (reason) {
    case "Changed":
      return by === "us" ? "it has changed since it was offered" : `it has changed at ${nick}'s since it was offered`
    case "Unreadable":
      return by === "us" ? "it cannot be read any more" : `${nick} cannot read it any more`
    case "Storage":
      return by === "us" ? "it could not be stored" : `${nick} could not store it`
    case "Full":
      return by === "us" ? "there is no space left for it" : `${nick} has no space left for it`
    case "TimedOut":
      return `${nick} waited too long for it to move on`
    case "Declined":
      return `${nick} does not want it`
    case "Unknown":
      return `${nick} does not know of it any more: the program that had it was ended`
    case "Corrupt":
      return "its bytes are not those that were offered: it was changed while it was sent, or damaged"
    case "Unsupported":
      return by === "us"
        ? `${nick} sends files in a way that this version does not know`
        : `${nick} has another version`
    case "Violation":
      return by === "us" ? `${nick} broke the protocol` : `${nick} did not understand us`
    case "Busy":
      return `${nick} takes no more at once`
    case "Other":
      return `${nick} gave it up`
  }
}
