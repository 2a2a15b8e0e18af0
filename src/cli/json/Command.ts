import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { TransferId } from "../../core/files/Content.js"
import { HistoryQuery } from "../../core/history/HistoryPage.js"
import { POLICIES } from "../../core/peer/path/Policy.js"
import { MessageId } from "../../domain/MessageId.js"
import { MAX_PATHS } from "../../services/Files.js"

/** The commands of JSON mode, one a line on standard input (docs/json.md). Unknown keys are ignored. */

/** Chosen by the program that writes the command; echoed by the events that answer it. */
export const Ref = Schema.Union(Schema.String.pipe(Schema.maxLength(256)), Schema.Finite)
export type Ref = typeof Ref.Type

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const command = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ cmd: Schema.Literal(name), ...fields, ref: optional(Ref) })

/** As typed; the server and the client apply the rules of nicknames. */
const Nick = Schema.String.pipe(Schema.maxLength(256))
/** Of a fingerprint or of the number of a pair, with or without spaces. */
const Digits = Schema.String.pipe(Schema.maxLength(256))
/** As the system takes it. */
const FilePath = Schema.String.pipe(Schema.maxLength(4096))

/** Several that are sent as one folder. */
const FilePaths = Schema.Array(FilePath).pipe(Schema.minItems(1), Schema.maxItems(MAX_PATHS))

/** As our user calls it, with `#` before it or without, or its id. */
const Group = Schema.String.pipe(Schema.maxLength(256))
/** Many more than a group may have are refused there, in words. */
const Members = Schema.Array(Nick).pipe(Schema.maxItems(256))

export const Send = command("send", { to: Nick, text: Schema.String })

/** The commands that are answered by `ok`, as there is nothing else to say. */
const acknowledged = [
  command("trust", { nick: Nick, key: optional(Digits) }),
  // Without `digits`: whatever was compared, it was the key that `key` shows.
  command("verify", { nick: Nick, digits: optional(Digits) }),
  command("unverify", { nick: Nick }),
  // Without `nick`: everybody.
  command("watch", { nick: optional(Nick) }),
  command("unwatch", { nick: optional(Nick) }),
  command("block", { who: Nick }),
  command("unblock", { who: Nick }),
  command("ignore", { who: Nick }),
  command("forget", { who: Nick }),
  // Without `nick`: everybody who has no policy of their own.
  command("path", { nick: optional(Nick), policy: Schema.Literal(...POLICIES) }),
  command("clearHistory", { nick: optional(Nick) }),
  // A person has read the message of this peer, and all before it.
  command("read", { nick: Nick, id: MessageId }),
  // Tells all who are connected, and callers; `text` says why.
  command("away", { text: optional(Schema.String.pipe(Schema.maxLength(1024))) }),
  command("back", {}),
  // Without `directory`: into the folder of `--downloads`.
  command("accept", { id: TransferId, directory: optional(FilePath) }),
  command("decline", { id: TransferId }),
  command("cancel", { id: TransferId }),
  command("pause", { id: TransferId }),
  command("resume", { id: TransferId }),
  command("leave", { nick: Nick })
] as const

export const Command = Schema.Union(
  command("list", {}),
  command("query", { nick: Nick, expect: optional(Digits) }),
  command("contacts", {}),
  // Without `nick`: our own.
  command("key", { nick: optional(Nick) }),
  Send,
  command("nick", { nick: Nick }),
  command("why", { nick: Nick }),
  command("history", HistoryQuery.fields),
  command("sendFile", { to: Nick, path: Schema.Union(FilePath, FilePaths) }),
  command("files", {}),
  command("group", { name: Nick, members: Members }),
  command("groupAdd", { group: Group, members: Members }),
  command("groupJoin", { group: Group }),
  command("groupLeave", { group: Group }),
  command("groupRemove", { group: Group, nick: Nick }),
  command("groupSend", { group: Group, text: Schema.String }),
  command("groups", {}),
  ...acknowledged,
  command("exit", {})
)
export type Command = typeof Command.Type

/** The names of those that are answered by `ok`. */
export const Acknowledged = Schema.Literal(
  ...(acknowledged.map(({ fields }) => fields.cmd.literals[0]) as unknown as readonly [Acknowledged, Acknowledged])
)
export type Acknowledged = (typeof acknowledged)[number]["Type"]["cmd"]

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
