import stringWidth from "string-width"
import type { KeyChange } from "../../core/client/KeyChange.js"
import type { KeyInfo } from "../../core/client/KeyInfo.js"
import type { PersonKey } from "../../core/client/People.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Palette } from "./Palette.js"
import * as QrCode from "./QrCode.js"
import * as When from "./When.js"

/** Sentences about keys: whose they are, since when, whether they were compared. Times are ms since 1970 UTC. */

/** `new to you`, `known since 9 March, verified`, `known to you as mallory since today`, `chosen by you today` */
export const standing = ({ chosenAt, knownAs, since, trust }: KeyInfo, now: number): string => {
  if (trust === "new")
    return chosenAt === undefined ? "new to you" : `chosen by you ${When.day(chosenAt, now)}, not verified`
  const as = knownAs === undefined ? "" : ` to you as ${SafeText.line(knownAs, MAX_NICK)}`
  const from = since === undefined ? "" : ` since ${When.day(since, now)}`
  return `known${as}${from}${trust === "verified" ? ", verified" : ", not verified"}`
}

/** `key 07774 ..., new to you` */
export const key = (info: KeyInfo, now: number): string =>
  `key ${SafeText.line(info.fingerprint, MAX_KEY)}, ${standing(info, now)}`

/** Two keys for one nickname, below each other, so that nobody overlooks it. */
export const changed = (nick: string, { known, offered, verified }: KeyChange, palette: Palette): Array<string> => {
  const name = SafeText.line(nick, MAX_NICK)
  // The digits come first, so that they stand below each other on a narrow screen as well.
  const row = (fingerprint: string, what: string) =>
    `!!   ${palette.bold(SafeText.line(fingerprint, MAX_KEY))}  ${what}`
  const first = (fingerprint: string) => SafeText.line(fingerprint, MAX_KEY).split(" ", 1)[0]
  const choices = [
    `!! ${palette.bold(`/trust ${name} ${first(known)}`)} keeps the known one`,
    ...(offered === undefined ? [] : [`!! ${palette.bold(`/trust ${name} ${first(offered)}`)} takes the other one`])
  ]
  return [
    palette.warn("!!"),
    palette.warn(`!! ANOTHER KEY UNDER THE NAME ${name}: somebody may be posing as ${name}`),
    row(known, verified ? "known, and you had verified it" : "known"),
    ...(offered === undefined ? [] : [row(offered, "shown now")]),
    `!! ${verified ? "Nothing goes to either until you decide" : "Nothing goes to the one that was shown"}: ask ${name} by another way which is right. Then`,
    ...choices,
    `!! ${palette.bold(`/key ${name}`)} shows this again`,
    palette.warn("!!")
  ]
}

/** All there is to say of the key of somebody, or of one's own (no pair number, and not one of the contacts). */
export const person = (who: PersonKey, isOwn: boolean, now: number, palette: Palette): Array<string> => {
  const nick = SafeText.line(who.nick, MAX_NICK)
  const { remark } = palette
  const fingerprint = palette.bold(SafeText.line(who.fingerprint, MAX_KEY))
  if (isOwn) return [remark(`your key is ${fingerprint}: let people compare it`)]
  const talked = who.lastTalked === undefined ? "" : `; you last talked ${When.day(who.lastTalked, now)}`
  const verified = who.verifiedAt === undefined ? "" : `; you verified it ${When.day(who.verifiedAt, now)}`
  return [
    remark(`the key of ${palette.nick(nick)} is ${fingerprint}`),
    remark(`  ${standing(who, now)}${verified}${talked}${who.blocked ? "; blocked" : ""}`)
  ]
}

/** The number of a pair for both to compare, by voice or by a QR code where there is room for one. */
export const pair = (
  nick: string,
  pairNumber: string,
  palette: Palette,
  screen: {
    readonly columns: number
    readonly colors: boolean
    /** Whether a QR code can be drawn. */
    readonly drawn: boolean
    /** What says that the two are the same; `/verify NICK yes` when left out. */
    readonly verify?: string
  }
): Array<string> => {
  const name = SafeText.line(nick, MAX_NICK)
  const { remark } = palette
  const groups = SafeText.line(pairNumber, MAX_PAIR).split(" ")
  const rows: Array<string> = []
  for (let at = 0; at < groups.length; at += GROUPS_A_ROW)
    rows.push(`    ${palette.bold(groups.slice(at, at + GROUPS_A_ROW).join(" "))}`)
  const code = screen.drawn
    ? QrCode.draw(groups.join(""), screen.columns - CODE_INDENT.length, screen.colors)?.map((row) => CODE_INDENT + row)
    : undefined
  return [
    ...(code ?? []),
    remark(`the number of ${name} and you, the same on both screens:`),
    ...rows,
    remark(
      `compare it by voice${code === undefined ? "" : ", or read the code with a phone"}: ${name} sees it with /verify and your nickname`
    ),
    remark(
      `the same? type ${palette.bold(screen.verify ?? `/verify ${name} yes`)}. Another one? Then somebody is between you: say so by another way`
    )
  ]
}

/** One row a person; the columns are as wide as their widest cell. */
export const contacts = (all: ReadonlyArray<PersonKey>, now: number, palette: Palette): Array<string> => {
  if (all.length === 0) return [palette.dim("you know nobody yet")]
  const shown = all.slice(0, MAX_LISTED).map((who) => ({ who, nick: SafeText.line(who.nick, MAX_NICK) }))
  const width = Math.max(...shown.map(({ nick }) => stringWidth(nick)))
  const rows = shown.map(({ nick, who }) => {
    const mark = who.blocked ? palette.warn("blocked, ") : ""
    const gap = " ".repeat(width - stringWidth(nick))
    return `  ${palette.nick(nick)}${gap}  ${SafeText.line(who.fingerprint, MAX_KEY)}  ${mark}${standing(who, now)}`
  })
  if (all.length > MAX_LISTED) rows.push(palette.dim(`  … and ${all.length - MAX_LISTED} more`))
  return rows
}

/** Digits and spaces of a fingerprint, and some. */
const MAX_KEY = 64
/** Twelve groups of five digits with a space between them. */
const MAX_PAIR = 71
/** Three rows of four are read aloud without losing one's place. */
const GROUPS_A_ROW = 4
const CODE_INDENT = "    "
/** More rows push everything else off the screen. */
const MAX_LISTED = 200
