import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { MAX_LIMIT, MAX_SEARCH } from "../../client/history/Api.js"
import { POLICIES } from "../../core/peer/path/Policy.js"
import { MessageId } from "../../domain/MessageId.js"

/** The commands of JSON mode, one a line on standard input (docs/json.md). Unknown keys are ignored. */

/** Chosen by the program that writes the command; echoed by the events that answer it. */
export const Ref = Schema.Union(Schema.String.pipe(Schema.maxLength(256)), Schema.Finite)
export type Ref = typeof Ref.Type

const command = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ cmd: Schema.Literal(name), ...fields, ref: Schema.optionalWith(Ref, { exact: true }) })

/** As typed; the server and the client apply the rules of nicknames. */
const Nick = Schema.String.pipe(Schema.maxLength(256))

export const List = command("list", {})
export const Query = command("query", { nick: Nick })
export const Send = command("send", { to: Nick, text: Schema.String })
export const Nickname = command("nick", { nick: Nick })
export const Trust = command("trust", { nick: Nick })
export const Why = command("why", { nick: Nick })
/** Without `nick`: everybody who has no policy of their own. */
export const Path = command("path", {
  nick: Schema.optionalWith(Nick, { exact: true }),
  policy: Schema.Literal(...POLICIES)
})
/** What was said before; with everybody, without `nick`. */
export const History = command("history", {
  nick: Schema.optionalWith(Nick, { exact: true }),
  limit: Schema.optionalWith(Schema.Int.pipe(Schema.between(1, MAX_LIMIT)), { exact: true }),
  search: Schema.optionalWith(Schema.String.pipe(Schema.maxLength(MAX_SEARCH)), { exact: true }),
  before: Schema.optionalWith(Schema.Finite, { exact: true })
})
export const ClearHistory = command("clearHistory", { nick: Schema.optionalWith(Nick, { exact: true }) })
/** A person has read the message of this peer, and all before it. */
export const Read = command("read", { nick: Nick, id: MessageId })
/** A file or folder, its path as the system takes it. */
export const SendFile = command("sendFile", { to: Nick, path: Schema.String.pipe(Schema.maxLength(4096)) })
/** A transfer, as in the event `transfer`. */
const Id = Schema.String.pipe(Schema.maxLength(64))
/** Without `directory`: into the folder of `--downloads`. */
export const Accept = command("accept", {
  id: Id,
  directory: Schema.optionalWith(Schema.String.pipe(Schema.maxLength(4096)), { exact: true })
})
export const Decline = command("decline", { id: Id })
export const Cancel = command("cancel", { id: Id })
export const Pause = command("pause", { id: Id })
export const Resume = command("resume", { id: Id })
export const Files = command("files", {})
export const Leave = command("leave", { nick: Nick })
export const Exit = command("exit", {})

export const Command = Schema.Union(
  List,
  Query,
  Send,
  Nickname,
  Trust,
  Why,
  Path,
  History,
  ClearHistory,
  Read,
  SendFile,
  Accept,
  Decline,
  Cancel,
  Pause,
  Resume,
  Files,
  Leave,
  Exit
)
export type Command = typeof Command.Type

/**
 * Bytes of one line. A message of 64 KiB takes at most six times that when every byte of it is written as `\u00xx`; the
 * rest is for the keys around it.
 */
export const MAX_COMMAND = 400 * 1024

export interface BadCommand {
  readonly message: string
  /** Readable although the rest was not. */
  readonly ref: Ref | undefined
}

/** One line of input; never throws. */
export const decode = (line: string): Either.Either<Command, BadCommand> => {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return Either.left({ message: "this line is not JSON", ref: undefined })
  }
  return Either.mapLeft(decodeCommand(json), (error) => ({ message: explain(json, error), ref: refOf(json) }))
}

const decodeCommand = Schema.decodeUnknownEither(Command)
const isRef = Schema.is(Ref)
const names = Command.members.map((member) => member.fields.cmd.literals[0])

const refOf = (json: unknown): Ref | undefined => {
  const ref = isObject(json) ? json.ref : undefined
  return isRef(ref) ? ref : undefined
}

const explain = (json: unknown, error: ParseResult.ParseError): string => {
  if (!isObject(json)) return "a command is a JSON object"
  if (!names.some((name) => name === json.cmd)) return `cmd must be one of ${names.join(", ")}`
  const issue = ParseResult.ArrayFormatter.formatErrorSync(error).at(-1)
  return issue === undefined ? "malformed" : `${issue.path.join(".") || "command"}: ${issue.message}`
}

const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === "object" && json !== null && !Array.isArray(json)
