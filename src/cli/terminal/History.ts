import type { HistoryMessage, HistoryPage } from "../../core/history/HistoryPage.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Palette } from "./Palette.js"
import * as Texts from "./Texts.js"
import * as When from "./When.js"
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

/** A message, with its date. */
export const paragraph = (message: HistoryMessage, me: string, palette: Palette): Printed => {
  const { at, direction, nick, state, text, writtenAt } = message
  const peer = palette.nick(SafeText.line(nick, MAX_NICK))
  const who = direction === "sent" ? `${palette.dim(me)} → ${peer}` : peer
  const lines = SafeText.lines(text, { maxLines: MAX_LINES })
  const mark = state === "read" ? " (read)" : state === "sent" ? " (not delivered)" : ""
  const head = `${palette.dim(When.date(at))} ${who}${palette.dim(When.written(writtenAt, at))}: `
  return { head, lines: [...lines.slice(0, -1), `${lines.at(-1)}${mark}`] }
}

/** Messages shown at a time: more push everything else out of a usual scrollback. */
export const MAX_COUNT = 500
/** Lines of one message: JSON mode gives a long one whole. */
const MAX_LINES = 20
