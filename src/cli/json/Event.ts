import * as Schema from "effect/Schema"
import * as Events from "../../core/client/Events.js"
import { GroupInfo, GroupSent } from "../../core/client/groups/GroupInfo.js"
import { keyFields } from "../../core/client/KeyInfo.js"
import { PersonKey } from "../../core/client/People.js"
import { Transfer as ClientTransfer } from "../../core/client/Transfer.js"
import { Why as ClientWhy } from "../../core/client/Why.js"
import { HistoryPage } from "../../core/history/HistoryPage.js"
import { Acknowledged, Ref } from "./Command.js"
import * as Line from "./Line.js"

/**
 * The events of JSON mode, one a line on standard output (docs/json.md). Texts and nicknames are exactly what the other
 * side sent: a program that shows them to people has to sanitize them.
 *
 * What happens to a client is told as it stands in the words of the client, but for two names: the tag is called
 * `event` and begins small, and the other side is called `peer`.
 */
const event = <Name extends string, Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ event: Schema.Literal(name), ...fields, ref: Schema.optionalWith(Ref, { exact: true }) })

/** The fields of something of the client, without its tag. */
const fieldsOf = <Fields extends Schema.Struct.Fields>({ fields }: Schema.Struct<Fields>): Omit<Fields, "_tag"> => {
  const { _tag, ...others } = fields as Fields & { readonly _tag?: unknown }
  return others
}

/** The same where `nick` is the other side. */
const peerFieldsOf = <Fields extends { readonly nick: Schema.Struct.Field }>({
  fields
}: Schema.Struct<Fields & Schema.Struct.Fields>): Omit<Fields, "_tag" | "nick"> & {
  readonly peer: Fields["nick"]
} => {
  const { _tag, nick, ...others } = fields as Fields & { readonly _tag?: unknown }
  return { peer: nick, ...others } as never
}

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** As the server claims, marked where we know better. */
const Listed = Schema.Struct({
  nick: Schema.String,
  address: Schema.String,
  fingerprint: Schema.String,
  differsFrom: optional(Schema.String),
  knownAs: optional(Schema.String),
  blocked: optional(Schema.Literal(true))
})

/** Bytes, and bytes a second. */
const transfer = peerFieldsOf(ClientTransfer)

export const Event = Schema.Union(
  event("registered", fieldsOf(Events.Registered)),
  event("nickTaken", fieldsOf(Events.NickTaken)),
  event("peers", { peers: Schema.Array(Listed) }),
  event("peer", { nick: Schema.String, address: Schema.String, ...keyFields }),
  event("contacts", { contacts: Schema.Array(PersonKey) }),
  event("key", PersonKey.fields),
  event("sent", { to: Schema.String, id: Schema.String }),
  event("ok", { cmd: Acknowledged }),
  event("history", HistoryPage.fields),
  event("why", ClientWhy.fields),
  event("connected", peerFieldsOf(Events.Connected)),
  event("incoming", peerFieldsOf(Events.Incoming)),
  event("renamed", fieldsOf(Events.Renamed)),
  event("mutual", peerFieldsOf(Events.Mutual)),
  event("away", peerFieldsOf(Events.Away)),
  event("message", fieldsOf(Events.Message)),
  event("delivered", peerFieldsOf(Events.Delivered)),
  event("read", peerFieldsOf(Events.Read)),
  event("waiting", peerFieldsOf(Events.Waiting)),
  event("path", peerFieldsOf(Events.PathChanged)),
  event("disconnected", peerFieldsOf(Events.Disconnected)),
  // Without `change`: the answer to a command.
  event("group", {
    group: GroupInfo,
    change: optional(Events.Group.fields.change),
    peer: optional(Schema.String),
    by: Events.Group.fields.by
  }),
  event("groupSent", GroupSent.fields),
  event("groups", { groups: Schema.Array(GroupInfo) }),
  event("kept", peerFieldsOf(Events.Kept)),
  event("journal", fieldsOf(Events.Journal)),
  event("present", fieldsOf(Events.Present)),
  event("joined", fieldsOf(Events.Joined)),
  event("left", fieldsOf(Events.Left)),
  event("greeting", fieldsOf(Events.Greeting)),
  event("serverLost", fieldsOf(Events.ServerLost)),
  event("server", fieldsOf(Events.Server)),
  event("transfer", transfer),
  event("files", { transfers: Schema.Array(Schema.Struct(transfer)) }),
  event("error", {
    ...peerFieldsOf(Events.Failed),
    retryAfterMs: optional(Schema.Number)
  }),
  event("bye", {})
)
export type Event = typeof Event.Type

/** The event as one line. */
export const encode = (value: Event): string => Line.encode(value)
