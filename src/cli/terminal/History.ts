import type { HistoryMessage, HistoryPage } from "../../core/history/HistoryPage.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"
import type { Printed } from "./Wrap.js"

/** What was said before, as lines: each message with its date and time. Everything in it passes the sanitizer. */

/** The last messages with somebody, and how to see more. */
export const conversation = (
  nick: string,
  { messages, more }: HistoryPage,
  me: string,
  palette: Palette
): ReadonlyArray<Printed> => {
  const name = SafeText.line(nick, MAX_NICK)
  if (messages.length === 0) return [palette.dim(`* nothing is remembered of what was said with ${name}`)]
  const earlier = `* ${more} earlier: /history ${name} ${Math.min(messages.length + more, MAX_COUNT)}`
  return [...(more > 0 ? [palette.dim(earlier)] : []), ...messages.map((message) => paragraph(message, me, palette))]
}

/** What was found, in all conversations. */
export const found = ({ messages, more }: HistoryPage, me: string, palette: Palette): ReadonlyArray<Printed> => {
  if (messages.length === 0) return [palette.dim("* nothing like that is remembered")]
  return [
    ...(more > 0 ? [palette.dim(`* ${more} earlier with these words are not shown: add a word`)] : []),
    ...messages.map((message) => paragraph(message, me, palette))
  ]
}

/** A conversation begins again: what was said earlier is not repeated, but can be had. */
export const earlier = ({ messages, more }: HistoryPage, palette: Palette): ReadonlyArray<string> => {
  const count = messages.length + more
  return count === 0 ? [] : [palette.dim(`* ${Texts.messages(count)} from earlier: /history`)]
}

const paragraph = ({ at, direction, nick, state, text }: HistoryMessage, me: string, palette: Palette): Printed => {
  const peer = palette.nick(SafeText.line(nick, MAX_NICK))
  const who = direction === "sent" ? `${palette.dim(me)} → ${peer}` : peer
  const lines = SafeText.lines(text, { maxLines: MAX_LINES })
  const mark = state === "read" ? " (read)" : state === "sent" ? " (not delivered)" : ""
  return { head: `${palette.dim(dateOf(at))} ${who}: `, lines: [...lines.slice(0, -1), `${lines.at(-1)}${mark}`] }
}

/** `2026-03-09 08:05`, by the clock on the wall here. */
const dateOf = (at: number): string => {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, "0")
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** Messages shown at a time: more push everything else out of a usual scrollback. */
export const MAX_COUNT = 500
/** Lines of one message: JSON mode gives a long one whole. */
const MAX_LINES = 20
