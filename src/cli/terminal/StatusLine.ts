import stringWidth from "string-width"
import { type Conversation, isGroup, undelivered, Weight } from "./Conversation.js"
import * as Delivery from "./Delivery.js"
import type { Palette } from "./Palette.js"
import { WAITING } from "./Texts.js"
import { cut } from "./Wrap.js"

/** How things are, for the line above the draft. Texts are sanitized. */
export interface Standing {
  /** Who plain text goes to. */
  readonly peer: Conversation | undefined
  /** Conversations with news, what matters most first. */
  readonly news: ReadonlyArray<Conversation>
  /** Nicknames under which another key was shown. */
  readonly disputed: ReadonlyArray<string>
  readonly online: boolean
  /** Others are told that our user is away. */
  readonly isAway: boolean
  /** What people know the server by. */
  readonly server: string | undefined
}

/**
 * One row of at most `columns` cells. What does not fit is left out, what matters least first; the order of what is
 * left stays the same. Only an alarm is never left out, but cut.
 */
export const statusLine = (standing: Standing, columns: number, palette: Palette): string => {
  const parts = partsOf(standing, columns - LEAD.length, palette)
  const kept = new Set(parts)
  const width = () => [...kept].reduce((sum, { text }) => sum + stringWidth(text) + SEPARATOR.length, LEAD.length)
  for (const part of [...parts].sort((one, other) => other.rank - one.rank)) {
    if (width() - SEPARATOR.length <= columns || part.rank === ALARM) break
    kept.delete(part)
  }
  const shown = parts.filter((part) => kept.has(part)).map(({ paint, text }) => paint(text))
  return shown.length === 0 ? "" : palette.dim(LEAD) + shown.join(palette.dim(SEPARATOR))
}

/** The row while a nickname was asked for and the server has not answered. */
export const waiting = (columns: number, palette: Palette): ReadonlyArray<string> =>
  LEAD.length + WAITING.length > columns ? [] : [palette.dim(LEAD + WAITING)]

/** A part of the line: the smaller its rank, the longer it stays. */
interface Part {
  readonly rank: number
  readonly text: string
  readonly paint: (text: string) => string
}

const partsOf = (standing: Standing, room: number, palette: Palette): Array<Part> => {
  const { disputed, isAway, news, online, peer, server } = standing
  const { bold, dim, warn } = palette
  const parts: Array<Part> = []
  if (disputed.length > 0)
    parts.push({ rank: ALARM, text: cut(`!! another key for ${disputed.join(", ")}`, room), paint: warn })
  if (isAway) parts.push({ rank: 1, text: "you are away", paint: bold })
  if (!online) parts.push({ rank: 1, text: "no server", paint: warn })
  if (peer !== undefined && isGroup(peer)) parts.push({ rank: 4, text: "a group", paint: dim })
  else if (peer !== undefined) {
    parts.push({ rank: 4, text: peer.verified ? "verified" : "not verified", paint: dim })
    // Nobody is called as long as it is not decided who it is.
    const isHeld = disputed.includes(peer.nick) && !peer.connected
    parts.push({ rank: 2, text: isHeld ? "not connected" : wayOf(peer), paint: dim })
    if (peer.away !== undefined) parts.push({ rank: 3, text: "away", paint: bold })
    const fate = fateOf(peer)
    if (fate !== undefined) parts.push({ rank: 5, text: fate, paint: dim })
  }
  for (const [index, one] of news.slice(0, MAX_NAMED).entries()) parts.push(newsOf(one, index, palette))
  if (news.length > MAX_NAMED) parts.push({ rank: 3, text: `+${news.length - MAX_NAMED}`, paint: dim })
  if (online && server !== undefined) parts.push({ rank: 20, text: `on ${server}`, paint: dim })
  return parts
}

const newsOf = (conversation: Conversation, index: number, palette: Palette): Part => {
  const { news, nick, number } = conversation
  const call = news.weight === Weight.call ? (isGroup(conversation) ? " invites you" : " calls") : ""
  const mention = news.weight === Weight.mention ? "!" : ""
  const count = news.count > 0 ? ` ${news.count}` : ""
  const paint = news.weight > Weight.text ? palette.bold : (text: string) => text
  return { rank: index === 0 ? 1 : 7 + index, text: `${number} ${nick}${call}${count}${mention}`, paint }
}

/** `direct 12 ms`, `relay 80 ms`, `calling`, `not connected` */
export const wayOf = ({ asked, connected, path }: Conversation): string => {
  if (!asked) return "not answered yet"
  if (!connected) return path === undefined ? "calling…" : "not connected"
  if (path === undefined) return "connected"
  const way = path.kind === "relay" ? "relay" : path.kind === "lan" ? "local" : "direct"
  return `${way} ${path.rttMs < 1 ? "<1" : Math.round(path.rttMs)} ms`
}

/** What has become of our messages. */
const fateOf = (peer: Conversation): string | undefined => {
  const waiting = undelivered(peer)
  if (waiting > 1) return `${waiting} not delivered yet`
  return peer.last === undefined ? undefined : Delivery.word(peer.last, peer.connected)
}

/** The rank of what stays whatever else goes. */
const ALARM = 0
const LEAD = "── "
const SEPARATOR = " · "
/** Conversations with news that are named: more than a person turns to one after the other. */
const MAX_NAMED = 4
