import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ClientError } from "../../../core/client/ClientError.js"
import { isOver, type Transfer } from "../../../core/client/Transfer.js"
import * as SafeText from "../../../domain/SafeText.js"
import * as FileUrl from "../../files/FileUrl.js"
import * as PathWords from "../PathWords.js"
import {
  attempt,
  type Context,
  failureOf,
  make,
  nothing,
  type Outcome,
  remark,
  type TerminalCommand
} from "./TerminalCommand.js"

type Action = "accept" | "decline" | "cancel" | "pause" | "resume"

/** A command on a transfer: the one with this number, or else the only one that it can be done with. */
const action = (what: Action, help: string, fits: (transfer: Transfer) => boolean): TerminalCommand =>
  make({
    names: [what],
    usage: `/${what} [N]`,
    help,
    parse: (argument) =>
      argument === ""
        ? { number: undefined }
        : /^[1-9]\d{0,8}$/.test(argument)
          ? { number: Number(argument) }
          : undefined,
    run: ({ number }, context) => {
      const found = context.chat.transfers.find(number, what, fits)
      if (typeof found === "string") return remark(context, SafeText.line(found))
      // The client's events tell of all that follows.
      return attempt(context, context.client.files[what](found.id), () => [])
    }
  })

const isOffer = ({ direction, state }: Transfer): boolean => direction === "in" && state === "offered"

/** What people do with files: offer them, and act on what is offered or under way. */
export const fileCommands: ReadonlyArray<TerminalCommand> = [
  make({
    names: ["send"],
    elsewhere: ["dcc"],
    usage: "/send PATH… [NICK]",
    wants: "path",
    help: "offer files or folders; Tab completes the path",
    parse: (argument) => (argument === "" ? undefined : argument),
    run: (line, context) => offer(line, context)
  }),
  action("accept", "take what is offered; N is its number", isOffer),
  action("decline", "refuse what is offered", isOffer),
  action(
    "pause",
    "hold a transfer",
    (transfer) => !isOver(transfer) && transfer.state !== "offered" && !["us", "both"].includes(transfer.pausedBy ?? "")
  ),
  action("resume", "let a transfer go on", ({ pausedBy }) => pausedBy === "us" || pausedBy === "both"),
  action("cancel", "end a transfer; what has arrived of it is removed", (transfer) => !isOver(transfer)),
  make({
    names: ["files"],
    usage: "/files",
    help: "all transfers",
    parse: nothing,
    run: (_, { chat, terminal, ui }) => ui.print(chat.transfers.list(terminal.size().columns, !terminal.interactive))
  })
]

/** `line` is what stands behind the command: a path or several, and maybe a nickname. */
const offer = (line: string, context: Context): Outcome => {
  const { chat, client, home, palette, ui } = context
  const words = PathWords.split(line)
  const last = words.at(-1)!
  // A name with spaces in it is as good as a nickname behind it, unless somebody is called so.
  const isNamed = words.length > 1 && (chat.focus === undefined || chat.knows(last.text))
  const nick = isNamed ? last.text : chat.focus
  if (nick === undefined) return remark(context, `type ${palette.bold("/send PATH NICK")}`)
  const typed = isNamed ? line.slice(0, last.start).trimEnd() : line
  const parts = isNamed ? words.slice(0, -1) : words
  const found = FileUrl.pathsOf(parts.map(({ text }) => PathWords.expand(text, home)))
  if (Either.isLeft(found)) return remark(context, found.left)
  const paths = found.right
  // What follows a space may be the rest of a name that has one: it is, where there is such a thing.
  const whole = paths.length === 1 ? paths : PathWords.expand(typed, home)
  const offering = client.files
    .offer(nick, whole)
    .pipe(Effect.catchIf(isNoFile, (error) => (paths.length === 1 ? error : client.files.offer(nick, paths))))
  const isTurned = words.length > 1 && chat.knows(words[0]!.text)
  const turned = isTurned ? [chat.remark(`the nickname goes behind: ${palette.bold("/send PATH NICK")}`)] : []
  return Effect.matchEffect(offering, {
    // The client's events tell of all that follows.
    onSuccess: () => Effect.void,
    onFailure: (error) => ui.print([...chat.failed(...failureOf(error)), ...(isNoFile(error) ? turned : [])])
  })
}

const isNoFile = ({ _tag }: ClientError): boolean => _tag === "File"
