import stringWidth from "string-width"
import type { Transfer } from "../../core/client/Transfer.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import * as Format from "./Format.js"

/**
 * How far a transfer is, in one line of at most `columns` cells without control characters: `label`, a bar (at most
 * `longest` cells), the figures.
 */
export const line = (transfer: Transfer, label: string, columns: number, longest = LONGEST): string => {
  const figures = figuresOf(transfer)
  const room = columns - stringWidth(figures) - 1
  const cells = Math.min(longest, room - stringWidth(label) - 1)
  const bar = cells >= SHORTEST ? ` ${drawn(transfer, cells)}` : ""
  const shown = Format.fit(label, Math.max(0, room - bar.length))
  return Format.fit(`${shown}${bar} ${figures}`, columns)
}

/** What is going on with a transfer: its arrow, its name, and the other side. */
export const label = (transfer: Transfer): string => {
  const name = SafeText.line(transfer.name, MAX_NAME)
  const peer = SafeText.line(transfer.nick, MAX_NICK)
  return `${name} ${transfer.direction === "out" ? "→" : "←"} ${peer}`
}

/** A transfer that has something to show progress of. */
export const isRunning = ({ state }: Transfer): boolean => RUNNING.has(state)

const RUNNING: ReadonlySet<Transfer["state"]> = new Set(["preparing", "waiting", "active", "paused", "finishing"])

const figuresOf = (transfer: Transfer): string => {
  const { rate, relay, size, state, transferred } = transfer
  const share = `${String(size === 0 ? 100 : Math.floor((transferred / size) * 100)).padStart(3)} %`
  if (state !== "active") return `${share}  ${STATES[state] ?? ""}`.trimEnd()
  const left = Format.timeLeft(size - transferred, rate)
  return `${share}  ${Format.size(rate)}/s${left === "" ? "" : `  ${left}`}${relay === undefined ? "" : "  by relay"}`
}

const STATES: Readonly<Partial<Record<Transfer["state"], string>>> = {
  preparing: "reading",
  waiting: "waiting",
  paused: "paused",
  finishing: "finishing"
}

const drawn = ({ size, transferred }: Transfer, cells: number): string => {
  const full = size === 0 ? cells : Math.min(cells, Math.floor((transferred / size) * cells))
  return "█".repeat(full) + "░".repeat(cells - full)
}

/** Cells of a bar: fine enough to see it move, small enough for 80 columns. */
const LONGEST = 20
/** With fewer it tells no more than the figures beside it. */
const SHORTEST = 5
/** File systems allow 255 bytes. */
export const MAX_NAME = 255
