import stringWidth from "string-width"
import type { Why } from "../../core/client/Why.js"
import type { DisconnectReason } from "../../core/peer/PeerEvent.js"
import type { PathInfo } from "../../core/peer/Route.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import { type Conversation, isGroup } from "./Conversation.js"
import * as KeyTexts from "./KeyTexts.js"
import type { Palette } from "./Palette.js"
import { moment } from "./When.js"
import type { Paragraph } from "./Wrap.js"

/** Sentences and tables of the terminal client. Everything remote passes the sanitizer here or in `ChatModel`. */

export const path = (info: PathInfo): string => `${PATHS[info.kind]}, ${SafeText.line(info.address, 80)}`

/** Whether the server's relay is in the way. */
export const wayOf = ({ kind }: PathInfo): "direct" | "relay" => (kind === "relay" ? "relay" : "direct")

const PATHS: Readonly<Record<PathInfo["kind"], string>> = {
  direct: "directly",
  lan: "over the local network",
  relay: "through the server's relay"
}

/** How a peer is reached, and what would help. */
export const why = ({ advice, lines, ...who }: Why, now: number, palette: Palette): ReadonlyArray<string> => [
  palette.remark(KeyTexts.key(who, now)),
  ...lines.map((line) => palette.remark(SafeText.line(line, 300))),
  ...(advice === undefined ? [] : [`* to make it direct: ${palette.bold(SafeText.line(advice, 300))}`])
]

/** A command that is not what it can be: what may have been meant, and what to type. */
export const wrong = (
  { meant, usage }: { readonly meant: string | undefined; readonly usage: string },
  palette: Palette
): string =>
  meant === undefined
    ? `type ${palette.bold(usage)}`
    : `did you mean ${palette.bold(SafeText.line(meant, MAX_MEANT))}? Otherwise type ${palette.bold(usage)}`

/** Characters of a line that may have been meant. */
const MAX_MEANT = 120

export const disconnected = (reason: DisconnectReason): string => REASONS[reason]

const REASONS: Readonly<Record<DisconnectReason, string>> = {
  left: "left",
  timeout: "is not answering any more",
  unreachable: "cannot be reached",
  closed: "is no longer connected",
  replaced: "came back from elsewhere"
}

/** What somebody needs to know who is here for the first time. */
export const welcome = (server: string | undefined, { bold, remark }: Palette): ReadonlyArray<string> => {
  const [list, query, exit] = [bold("list"), bold("query NICK"), bold("exit")]
  const how =
    server === undefined
      ? "they are found on your local network"
      : `the server ${SafeText.line(server, 80)} only introduces them`
  return [
    remark(`you talk to people directly; ${how}`),
    remark(`three words do most: ${list} (who is there), ${query} (talk to somebody), ${exit} (leave)`),
    remark(`which nickname do you want? Type it; ${bold("/help")} tells everything else`)
  ]
}

/** One row a conversation: its number, who it is with, and what is new. */
export const conversations = (
  all: ReadonlyArray<Conversation>,
  focus: string | undefined,
  now: number,
  palette: Palette
): ReadonlyArray<string> => {
  if (all.length === 0) return [palette.dim("no conversations; query NICK begins one")]
  const sorted = [...all].sort((one, other) => one.number - other.number)
  const width = Math.max(...sorted.map(({ nick }) => stringWidth(nick)))
  return sorted.map((peer) => {
    const { asked, connected, news, nick, number } = peer
    const how = isGroup(peer) ? "a group" : asked ? (connected ? "connected" : "not connected") : "wants to talk"
    const fresh = news.count === 0 ? "" : `, ${palette.bold(`${news.count} new`)} since ${moment(news.since, now)}`
    const mark = nick === focus ? palette.bold("→") : " "
    const at = String(number).padStart(2)
    return `${mark}${at} ${palette.nick(nick)}${pad(nick, width)}  ${palette.dim(how)}${fresh}`
  })
}

/** What stands before the draft while there is no nickname: the question, or, with `awaited`, what was answered. */
export const asking = (awaited: string | undefined, hasStatus: boolean, { dim }: Palette): string =>
  awaited === undefined ? `${dim("nickname")}> ` : hasStatus ? `${awaited}> ` : `${awaited} ${dim(WAITING)}> `

export const WAITING = "waiting for the server…"

/** A line was typed before there was a question, and is no answer to it; `place`: where it can be had again. */
export const noAnswer = (line: string, place: "draft" | "history" | "nowhere", { remark }: Palette): string => {
  const typed = SafeText.line(line, MAX_DOUBT)
  const early = `"${typed}" was typed before you were asked`
  if (place === "history") return remark(`${early}, so it is no nickname; Up brings it back`)
  return remark(`${early}: for it to be your nickname, ${again(place === "draft")}`)
}

/** Why a text was not sent that may be meant for the program, and what sends it, or makes a nickname of it. */
export const doubt = (
  text: string,
  meant: string,
  {
    choosing,
    nick,
    restored
  }: {
    readonly choosing: boolean
    readonly nick: string | undefined
    /** It stands on the line again. */
    readonly restored: boolean
  },
  palette: Palette
): ReadonlyArray<string> => {
  const typed = SafeText.line(text, MAX_DOUBT)
  const command = palette.bold(SafeText.line(meant, MAX_DOUBT))
  const enter = again(restored)
  if (choosing) return [palette.remark(`did you mean ${command}? To be called ${typed}, ${enter}`)]
  if (nick === undefined) return [palette.remark(`nobody has got that. Did you mean ${command}?`)]
  const sends = `${enter} to send "${typed}" to ${palette.nick(SafeText.line(nick, MAX_NICK))}`
  return [palette.remark(`not sent, as it looks like the command ${command}: type that, or ${sends}`)]
}

const again = (restored: boolean): string => (restored ? "press Enter again" : "type it again")

/** So many messages of somebody came too fast to be shown. */
export const skipped = (who: string, count: number, { bold, remark }: Palette): string =>
  remark(
    `… ${messages(count)} from ${who} came faster than this screen shows; ${bold(`/history ${who} ${count}`)} has them`
  )

/** Text was typed outside of a conversation: whom it may have been meant for. */
export const nowhere = (caller: string | undefined, { bold, nick, remark }: Palette): string =>
  caller === undefined
    ? remark(`you are in no conversation: type ${bold("list")}, then ${bold("query NICK")}`)
    : remark(`nobody has got that. To answer ${nick(caller)}, type ${bold(`query ${caller}`)} first`)

/** A conversation is over on our side; `lost` messages had not arrived. */
export const left = (who: string, lost: number, { nick, remark }: Palette): string => {
  const fate = `${messages(lost)} ${lost === 1 ? "was" : "were"} not confirmed, and may not have arrived`
  return remark(`you left the conversation with ${nick(who)}${lost > 0 ? `; ${fate}` : ""}`)
}

/** Rows of what to type and what it does, the columns under each other. */
export const help = (
  rows: ReadonlyArray<readonly [usage: string, meaning: string]>,
  palette: Palette
): ReadonlyArray<Paragraph> => {
  const width = Math.max(...rows.map(([usage]) => usage.length))
  return rows.map(([usage, meaning]) => ({
    head: `  ${palette.bold(usage)}${pad(usage, width)}  `,
    lines: [meaning]
  }))
}

/** "1 message", "3 messages" */
export const messages = (count: number): string => `${count} message${count === 1 ? "" : "s"}`

/** Characters of a line that is asked about. */
const MAX_DOUBT = 60

const pad = (text: string, width: number): string => " ".repeat(Math.max(0, width - stringWidth(text)))
