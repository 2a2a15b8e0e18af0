import type { Transfer } from "../../core/client/Transfer.js"
import type { RiskName } from "../../core/files/Risks.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import { MAX_NAME } from "./Bar.js"
import * as Format from "./Format.js"

/**
 * What there is to say when a transfer has got from one state (`undefined`: it is new) into another; nothing for most
 * steps.
 */
export const news = (before: Transfer | undefined, now: Transfer, name: string): string | undefined => {
  if (before?.state === now.state && before.pausedBy === now.pausedBy) return moved(before, now, name)
  const peer = peerOf(now)
  const isOurs = now.direction === "out"
  switch (now.state) {
    case "preparing":
    case "finishing":
      return undefined
    case "offered":
      return isOurs ? `${name} is offered to ${peer}${skipped(now)}${relayed(now)}` : undefined
    case "waiting":
      return before?.state === "active" ? `${name} waits until ${peer} is connected again` : undefined
    case "active":
      if (before?.state === "paused") return `${name} goes on`
      if (before?.state === "waiting" && before.transferred > 0) return `${name} goes on at ${percent(now)}`
      return isOurs ? `${peer} accepted ${name}${before?.relay === undefined ? relayed(now) : ""}` : undefined
    case "paused":
      return now.pausedBy === "them" ? `${peer} paused ${name}` : `${name} is paused`
    case "done":
      return isOurs
        ? `${peer} has got ${name}`
        : `${name} from ${peer} is here: ${SafeText.line(now.path ?? "", MAX_PATH)}${renamed(now)}`
    case "declined":
      return isOurs ? `${peer} declined ${name}` : `you declined ${name}`
    case "cancelled":
      return `${name} was cancelled`
    case "failed":
      return `${name} failed: ${SafeText.line(now.message ?? "unknown reason")}`
  }
}

/** What there is to say of a transfer that goes on, and another way than before. */
const moved = (before: Transfer, now: Transfer, name: string): string | undefined => {
  if (now.state !== "active") return undefined
  if (isLong(now) && before.relay?.seconds === undefined)
    return `${name} goes over the server's relay, and takes about ${Format.about(now.relay!.seconds!)}`
  return isLong(before) && now.relay === undefined ? `${name} goes directly now` : undefined
}

/** That it goes over the relay, and how long that takes, where somebody might wonder; to be added to a sentence. */
export const relayed = (transfer: Transfer): string =>
  isLong(transfer) ? `; over the server's relay that takes about ${Format.about(transfer.relay!.seconds!)}` : ""

/** Whether it goes over the relay for more than a moment. */
const isLong = ({ relay }: Transfer): boolean => (relay?.seconds ?? 0) >= LONG

/** Seconds. */
const LONG = 10

/** The name, and how much it is: `report.pdf (1.2 MB)`, `photos (12 files, 340 MB)`. */
export const title = ({ files, kind, name, size }: Transfer): string =>
  `${SafeText.line(name, MAX_NAME)} (${kind === "folder" ? `${files} file${files === 1 ? "" : "s"}, ` : ""}${Format.size(size)})`

export const peerOf = ({ nick }: Transfer): string => SafeText.line(nick, MAX_NICK)

/** The state in a word or a few. */
export const state = ({ direction, message, path, pausedBy, nick, state }: Transfer): string => {
  if (state === "failed") return message === undefined ? "failed" : `failed: ${SafeText.line(message)}`
  if (state === "paused" && pausedBy === "them") return `paused by ${SafeText.line(nick, MAX_NICK)}`
  if (state === "done" && direction === "in" && path !== undefined) return `done: ${SafeText.line(path, MAX_PATH)}`
  return state
}

const percent = ({ size, transferred }: Transfer): string =>
  `${size === 0 ? 100 : Math.floor((transferred / size) * 100)} %`

const renamed = ({ renamed = 0 }: Transfer): string =>
  renamed === 0
    ? ""
    : `; ${renamed} name${renamed === 1 ? " was" : "s were"} changed, being unsafe or the same as another on this disk`

const skipped = ({ left = [], skipped = 0 }: Transfer): string => {
  if (skipped === 0) return ""
  // What an earlier process looked at is counted, and not named any more.
  if (left.length === 0) return `; ${skipped} thing${skipped === 1 ? " is" : "s are"} left out`
  const named = left.map((one) => SafeText.line(one, MAX_PATH)).join(", ")
  const more = skipped > left.length ? ` and ${skipped - left.length} more` : ""
  return `; left out: ${named}${more}`
}

/** What it would put there besides plain files; a text to be added to a question. */
export const brings = ({ executables = 0, kind, risks = [] }: Transfer): string => {
  const programs =
    executables === 0 ? [] : [kind === "file" ? "a program" : `${executables} program${executables === 1 ? "" : "s"}`]
  const all = [...programs, ...risks.map((risk) => RISKS[risk])]
  return all.length === 0 ? "" : `; it brings ${all.join(", ")}`
}

const RISKS: Readonly<Record<RiskName, string>> = {
  git: "a git repository (its hooks and settings can run programs)",
  direnv: ".envrc (direnv runs it)",
  tools: "settings of editors or tools that can run programs",
  startup: "start-up files of a shell or session"
}

/** Paths are at most 4,096 bytes on the systems we know; a screen wants fewer. */
const MAX_PATH = 1_024
