import * as Effect from "effect/Effect"
import type { ClientApi } from "../../client/Client.js"
import type { ClientError } from "../../core/client/ClientError.js"
import type { GroupInfo } from "../../core/client/groups/GroupInfo.js"
import type { Command } from "./Command.js"
import type { Event } from "./Event.js"
import { fromTransfer } from "./FromClient.js"

/** The commands that one call of the client answers. The others have a life of their own in `Program`. */
export type Answered = Exclude<Command, { readonly cmd: "send" | "groupSend" | "nick" | "exit" }>

/** Does what a command says; the event that answers it. */
export const answer = (command: Answered, client: ClientApi): Effect.Effect<Event, ClientError> =>
  Effect.map(
    (answers[command.cmd] as (command: Answered, client: ClientApi) => Effect.Effect<unknown, ClientError>)(
      command,
      client
    ),
    (event) => (event ?? { event: "ok", cmd: command.cmd }) as Event
  )

const ofGroup = (group: GroupInfo): Event => ({ event: "group", group })

/** Without an event, the answer is `ok`. */
type Answer<C> = (command: C, client: ClientApi) => Effect.Effect<Event, ClientError> | Effect.Effect<void, ClientError>

const answers: { readonly [Name in Answered["cmd"]]: Answer<Extract<Answered, { readonly cmd: Name }>> } = {
  list: (_, client) => Effect.map(client.list, (peers) => ({ event: "peers", peers })),
  query: ({ expect, nick }, client) =>
    Effect.map(client.query(nick, expect === undefined ? {} : { expect }), ({ peer }) => ({ event: "peer", ...peer })),
  contacts: (_, client) => Effect.map(client.contacts, (contacts) => ({ event: "contacts", contacts })),
  key: ({ nick }, client) => Effect.map(client.key(nick), (key) => ({ event: "key", ...key })),
  trust: ({ key = "", nick }, client) => client.trust(nick, key),
  verify: ({ digits, nick }, client) => client.verify(nick, digits),
  watch: ({ nick }, client) => client.watch(nick),
  unwatch: ({ nick }, client) => client.unwatch(nick),
  unverify: ({ nick }, client) => client.unverify(nick),
  block: ({ who }, client) => client.block(who),
  unblock: ({ who }, client) => client.unblock(who),
  ignore: ({ who }, client) => client.ignore(who),
  forget: ({ who }, client) => client.forget(who),
  why: ({ nick }, client) => Effect.map(client.why(nick), (why) => ({ event: "why", ...why })),
  path: ({ nick, policy }, client) => client.setPath(nick, policy),
  history: ({ cmd: _, ref: _ref, ...query }, client) =>
    Effect.map(client.history(query), (page) => ({ event: "history", ...page })),
  clearHistory: ({ nick }, client) => client.clearHistory(nick),
  read: ({ id, nick }, client) => client.read(nick, id),
  away: ({ text = "" }, client) => client.away(text),
  back: (_, client) => client.away(undefined),
  leave: ({ nick }, client) => client.leave(nick),
  sendFile: ({ path, to }, client) =>
    Effect.map(client.files.offer(to, path), (transfer) => ({ event: "transfer", ...fromTransfer(transfer) })),
  accept: ({ directory, id }, client) => client.files.accept(id, directory),
  decline: ({ id }, client) => client.files.decline(id),
  cancel: ({ id }, client) => client.files.cancel(id),
  pause: ({ id }, client) => client.files.pause(id),
  resume: ({ id }, client) => client.files.resume(id),
  group: ({ members, name }, client) => Effect.map(client.groups.make(name, members), ofGroup),
  groupAdd: ({ group, members }, client) => Effect.map(client.groups.add(group, members), ofGroup),
  groupJoin: ({ group }, client) => Effect.map(client.groups.join(group), ofGroup),
  groupLeave: ({ group }, client) => Effect.map(client.groups.leave(group), ofGroup),
  groupRemove: ({ group, nick }, client) => Effect.map(client.groups.remove(group, nick), ofGroup),
  groups: (_, client) => Effect.map(client.groups.list, (groups) => ({ event: "groups", groups })),
  files: (_, client) =>
    Effect.map(client.files.list, (transfers) => ({ event: "files", transfers: transfers.map(fromTransfer) }))
}
