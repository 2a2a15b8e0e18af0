import * as Effect from "effect/Effect"
import type { GroupInfo } from "../../../core/client/groups/GroupInfo.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as GroupTexts from "../GroupTexts.js"
import type { Palette } from "../Palette.js"
import type { Printed } from "../Wrap.js"
import { attempt, type Context, make, nothing, type Outcome, remark, respelt } from "./TerminalCommand.js"

type Verb = "add" | "join" | "leave" | "members" | "remove"
/** How many nicknames each verb wants: at least, and at most. */
const VERBS: { readonly [Name in Verb]: readonly [number, number] } = {
  add: [1, Number.POSITIVE_INFINITY],
  join: [0, 0],
  leave: [0, 0],
  members: [0, 0],
  remove: [1, 1]
}

const VERB_NAMES = Object.keys(VERBS)

/** One text to several people. */
export const groupCommands = [
  make({
    names: ["group"],
    elsewhere: ["join", "j"],
    usage: "/group NAME NICK…",
    wants: VERB_NAMES,
    reminder:
      "/group NAME NICK…, or /group add NAME NICK…, or /group join|leave|members NAME, or /group remove NAME NICK",
    help: "make a group; also /group join|leave|members NAME, /group add|remove NAME NICK",
    parse: (argument) => (argument === "" ? ALL : parse(argument.split(/\s+/).filter((word) => word !== ""))),
    meant: (words) => (words.length < 2 ? undefined : respelt(words, 0, VERB_NAMES)),
    run: (wanted, context) => (wanted === ALL ? list(context) : act(wanted, context))
  }),
  make({
    names: ["groups"],
    usage: "/groups",
    help: "the groups that you are in, or were added to",
    parse: nothing,
    run: (_, context) => list(context)
  })
]

/** What `/group` by itself asks for. */
const ALL = "all"

const list = (context: Context): Outcome =>
  attempt(context, context.client.groups.list, (groups) =>
    groups.length === 0
      ? [context.chat.remark(`you are in no group; ${context.palette.bold("/group NAME NICK…")} makes one`)]
      : [
          ...groups.map((group) => GroupTexts.row(group, context.palette)),
          context.chat.remark(`${context.palette.bold("/help group")} tells what can be done with one`)
        ]
  )

/** Whether that means a group, where a nickname may stand as well: none begins so. */
export const isGroupName = (text: string): boolean => text.startsWith("#")

/** Turns to a group: text goes there from now on. */
export const turnToGroup = (name: string, context: Context): Outcome =>
  withGroup(name, context, (group) =>
    group.state === "invited"
      ? [
          ...context.chat.groups.turnTo(group),
          context.chat.remark(`you have not joined: /group join ${SafeText.line(group.name)} asks for everybody in it`)
        ]
      : context.chat.groups.turnTo(group)
  )

/** Shows who is in a group. */
export const membersOf = (name: string, context: Context): Outcome =>
  withGroup(name, context, (group) => members(group, context))

/** Says something to everybody in a group. */
export const sayInGroup = (name: string, text: string, context: Context): Outcome =>
  attempt(context, Effect.zipLeft(context.client.groups.send(name, text), context.client.flushed), (sent) =>
    context.chat.sentInGroup(sent, text)
  ).pipe(context.ordered.withPermits(1))

/** Leaves a group, and its conversation. */
export const leaveGroup = (name: string, context: Context): Outcome =>
  attempt(context, context.client.groups.leave(name), (group) => left(group, context))

const left = (group: GroupInfo, { chat, palette }: Context): ReadonlyArray<string> => {
  chat.gone(GroupTexts.called(group))
  return [chat.remark(`you have left ${bold(group, palette)}`)]
}

const withGroup = (name: string, context: Context, show: (group: GroupInfo) => ReadonlyArray<Printed>): Outcome =>
  attempt(context, context.client.groups.list, (groups) => {
    const group = groups.find(isCalled(name))
    return group === undefined
      ? [context.chat.remark(`there is no group ${SafeText.line(name)}; ${context.palette.bold("/groups")} shows all`)]
      : show(group)
  })

/** What is wanted of a group; one that is to be made has people, and no verb. */
interface Wanted {
  readonly verb: Verb | "make"
  readonly name: string
  readonly nicks: ReadonlyArray<string>
}

const isVerb = (word: string): word is Verb => Object.hasOwn(VERBS, word)

const parse = ([first, ...rest]: ReadonlyArray<string>): Wanted | undefined => {
  const verb = first?.toLowerCase()
  if (first === undefined || verb === undefined) return undefined
  if (!isVerb(verb)) return rest.length === 0 ? undefined : { verb: "make", name: first.replace(/^#/, ""), nicks: rest }
  const [name, ...nicks] = rest
  const [least, most] = VERBS[verb]
  return name === undefined || nicks.length < least || nicks.length > most ? undefined : { verb, name, nicks }
}

const act = ({ name, nicks, verb }: Wanted, context: Context): Outcome => {
  const { chat, client, palette } = context
  const { groups } = client
  const say = (text: string) => [chat.remark(text)]
  switch (verb) {
    case "make":
      return makeGroup(name, nicks, context)
    case "add":
      return attempt(context, groups.add(name, nicks), (group) =>
        say(`${bold(group, palette)} is you and ${GroupTexts.people(group)} now`)
      )
    case "join":
      return attempt(context, groups.join(name), (group) => [
        ...chat.groups.opened(group),
        ...say(`you are in ${bold(group, palette)} with ${GroupTexts.people(group)}: what you type goes to all`)
      ])
    case "leave":
      return leaveGroup(name, context)
    case "remove":
      return attempt(context, groups.remove(name, nicks[0]!), (group) =>
        say(`${SafeText.line(nicks[0]!)} is off your list of ${bold(group, palette)}; the others are not told`)
      )
    case "members":
      return membersOf(name, context)
  }
}

/** Makes a group; not where the name looks like a verb, and what follows is the name of a group. */
const makeGroup = (name: string, nicks: ReadonlyArray<string>, context: Context): Outcome => {
  const { chat, client, palette } = context
  const made = attempt(context, client.groups.make(name, nicks), (group) => [
    ...chat.groups.opened(group),
    chat.remark(`you have made ${bold(group, palette)} with ${GroupTexts.people(group)}: what you type goes to all`)
  ])
  const meant = respelt([name, ...nicks], 0, VERB_NAMES)
  if (meant === undefined) return made
  return Effect.flatMap(
    Effect.orElseSucceed(client.groups.list, () => []),
    (groups) =>
      groups.some(isCalled(nicks[0]!))
        ? remark(
            context,
            `did you mean ${palette.bold(`/group ${SafeText.line(meant)}`)}? There is a group ${SafeText.line(nicks[0]!)}`
          )
        : made
  )
}

const isCalled = (name: string) => (group: GroupInfo) =>
  GroupTexts.called(group).toLowerCase() === `#${name.replace(/^#/, "")}`.toLowerCase()

const bold = (group: GroupInfo, palette: Palette): string => palette.bold(GroupTexts.called(group))

const members = (group: GroupInfo, { chat, palette }: Context): ReadonlyArray<string> => [
  chat.remark(`${bold(group, palette)}: you${group.state === "invited" ? " (not joined)" : ""} and`),
  ...group.members.map((member) => {
    const standing = GroupTexts.standing(member)
    const key = palette.dim(SafeText.line(member.fingerprint, 64))
    return `  ${palette.nick(SafeText.line(member.nick))} ${key}${standing === "" ? "" : ` (${standing})`}`
  })
]
