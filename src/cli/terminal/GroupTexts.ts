import type { ClientEvent } from "../../core/client/Events.js"
import type { GroupInfo, GroupMember } from "../../core/client/groups/GroupInfo.js"
import { MAX_NICK } from "../../domain/Nickname.js"
import * as SafeText from "../../domain/SafeText.js"
import type { Palette } from "./Palette.js"

/** What is said of groups, in words. */

/** A group as it is typed, and shown. */
export const called = ({ name }: { readonly name: string }): string => `#${SafeText.line(name, MAX_NAME)}`

/** What is new of a group, each a line. */
export const news = ({ by, change, group, nick }: ClientEvent & { readonly _tag: "Group" }): ReadonlyArray<string> => {
  const who = SafeText.line(nick, MAX_NICK)
  const where = called(group)
  switch (change) {
    case "invited":
      return [
        `${who} has added you to ${where}, with ${listed(names(group).filter((name) => name !== nick))}`,
        `  type /group join ${group.name} to talk there: it asks for everybody in it. /group leave ${group.name} declines`
      ]
    case "added": {
      const adder = by === undefined ? "somebody" : SafeText.line(by, MAX_NICK)
      const member = group.members.find((one) => one.nick === nick)
      const open = group.state === "joined" && member?.asked === false
      return [
        `${adder} has added ${who} to ${where}`,
        ...(open ? [`  ${who} gets nothing of yours there before you type /group join ${group.name}`] : [])
      ]
    }
    case "joined":
      return [`${who} has joined ${where}`]
    case "left":
      return [`${who} has left ${where}`]
  }
}

/** Who is in a group besides us: "bob and carol"; "nobody else". */
export const people = (group: GroupInfo): string => listed(names(group))

/** A group in one line of the list. */
export const row = (group: GroupInfo, palette: Palette): string => {
  const invited = palette.dim(`(not joined: /group join ${SafeText.line(group.name, MAX_NAME)})`)
  return `  ${palette.bold(called(group))} ${people(group)}${group.state === "invited" ? ` ${invited}` : ""}`
}

const names = ({ members }: GroupInfo): ReadonlyArray<string> => members.map(({ nick }) => nick)

/** "bob, carol and dave"; "nobody else" for none. */
export const listed = (nicks: ReadonlyArray<string>): string => {
  const names = nicks.map((nick) => SafeText.line(nick, MAX_NICK))
  const last = names.pop()
  if (last === undefined) return "nobody else"
  return names.length === 0 ? last : `${names.join(", ")} and ${last}`
}

/** How it stands with a member, as far as it is not as it should be. */
export const standing = ({ asked, blocked, knowsGroups, nick }: GroupMember): string => {
  const who = SafeText.line(nick, MAX_NICK)
  if (blocked) return `you have blocked them: /unblock ${who} takes it back`
  if (!asked) return `not asked for: gets nothing of yours before you type query ${who}`
  return knowsGroups === false ? "their program knows no groups: they answer to one person at a time" : ""
}

/** UTF-16 code units of a group's name: that of a nickname, and a number. */
const MAX_NAME = MAX_NICK + 8
