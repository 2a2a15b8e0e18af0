import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { OpenChannel } from "../../src/client/Channels.js"
import type { ClientApi } from "../../src/client/Client.js"
import {
  KeyChanged,
  NickTaken,
  NoSuchGroup,
  NoSuchPeer,
  NoSuchTransfer,
  NotConnected
} from "../../src/core/client/ClientError.js"
import type { ClientEvent } from "../../src/core/client/Events.js"
import type { GroupInfo } from "../../src/core/client/groups/GroupInfo.js"
import type { Transfer } from "../../src/core/client/Transfer.js"
import { TransferId } from "../../src/core/files/Content.js"
import type { HistoryPage } from "../../src/core/history/HistoryPage.js"
import { GroupId } from "../../src/domain/GroupId.js"
import { messageId } from "../support/ids.js"

/** A client without a network: it does what it is told, and what happens to it is what the test says. */
export interface FakeClient extends ClientApi {
  readonly happens: (...events: ReadonlyArray<ClientEvent>) => void
  /** The calls made, in order. */
  readonly calls: Array<string>
  /** Nicknames that belong to others. */
  readonly taken: Set<string>
  /** When closed, `register` waits as for a server that is away. */
  readonly server: Effect.Latch
  /** How often somebody has waited for the disk. */
  readonly flushes: () => number
  /** What earlier runs have set. */
  readonly kept: Map<string, string>
}

export const make: Effect.Effect<FakeClient> = Effect.gen(function* () {
  const clock = yield* Effect.clock
  const events = yield* Mailbox.make<ClientEvent>()
  const server = yield* Effect.makeLatch(true)
  const calls: Array<string> = []
  const taken = new Set<string>()
  const queried = new Set<string>()
  const preferences = new Map<string, string>()
  const remembered: HistoryPage = {
    messages: [
      { direction: "received", id: messageId("1"), nick: "bob", at: 0, text: "from\nbob\u001b[2J", state: undefined },
      { direction: "sent", id: messageId("2"), nick: "bob", at: 60_000, text: "to bob", state: "read" },
      { direction: "sent", id: messageId("3"), nick: "bob", at: 120_000, text: "again", state: "sent" }
    ],
    more: 7
  }
  let registered: string | undefined
  let messages = 0

  let flushes = 0
  const happens: FakeClient["happens"] = (...all) => {
    for (const event of all) events.unsafeOffer(event)
  }
  const info = (nick: string) => ({ nick, address: "192.0.2.1:1000", fingerprint: `key of ${nick}` })
  const keyOf = (nick: string) => ({ nick, fingerprint: `key of ${nick}`, trust: "known" as const, since: 0 })
  const call = (name: string) => Effect.sync(() => void calls.push(name))

  return {
    now: () => clock.unsafeCurrentTimeMillis(),
    events: Mailbox.toStream(events),
    told: Effect.succeed({}),
    batches: Stream.map(Stream.chunks(Mailbox.toStream(events)), (chunk) => [...chunk]),
    handleEvents: (handle) => Stream.runForEach(Mailbox.toStream(events), handle),
    handleBatches: (handle) =>
      Stream.runForEach(Stream.chunks(Mailbox.toStream(events)), (chunk) => handle([...chunk])),
    nextEvent: Effect.match(events.take, { onFailure: () => undefined, onSuccess: (event) => event }),
    happens,
    calls,
    taken,
    server,
    kept: preferences,
    register: (nick) =>
      call(`register ${nick}`).pipe(
        Effect.zipRight(server.await),
        Effect.flatMap(() => {
          if (taken.has(nick))
            return new NickTaken({ message: `${nick} is taken`, suggestions: [`${nick}2`], byOurselves: false })
          if (registered !== nick) happens({ _tag: "Registered", ...info(nick) })
          registered = nick
          return Effect.succeed(info(nick))
        })
      ),
    watch: (nick) => call(`watch${nick === undefined ? "" : ` ${nick}`}`),
    unwatch: (nick) => call(`unwatch${nick === undefined ? "" : ` ${nick}`}`),
    list: Effect.as(call("list"), [info("alice"), info("bob")]),
    query: (nick, { expect } = {}) =>
      call(`query ${nick}${expect === undefined ? "" : ` ${expect}`}`).pipe(
        Effect.flatMap(() => {
          if (nick === "nobody") return new NoSuchPeer({ message: "nobody has this nickname" })
          queried.add(nick)
          return Effect.succeed({ _tag: "Open", peer: { ...info(nick), trust: "new" } } as OpenChannel)
        })
      ),
    send: (nick, text) =>
      call(`send ${nick} ${text}`).pipe(
        Effect.flatMap(() => {
          if (!queried.has(nick)) return new NotConnected({ message: `query ${nick} first` })
          const id = messageId(++messages)
          happens({ _tag: "Delivered", nick, id })
          // On a fast path the answer of the peer is here before the caller goes on.
          return Effect.as(Effect.repeatN(Effect.yieldNow(), 10), id)
        })
      ),
    sendAll: () => Effect.succeed([]),
    sink: () => Sink.drain,
    flushed: Effect.sync(() => void flushes++),
    flushes: () => flushes,
    channel: () => Effect.succeed(undefined),
    trust: (nick, digits) => call(`trust ${nick} ${digits}`),
    contacts: Effect.as(call("contacts"), [{ ...keyOf("bob"), blocked: false }]),
    key: (nick) =>
      Effect.as(call(`key ${nick ?? ""}`), {
        ...keyOf(nick ?? "alice"),
        blocked: false,
        ...(nick === undefined ? {} : { pairNumber: PAIR_NUMBER })
      }),
    verify: (nick, digits) => call(`verify ${nick}${digits === undefined ? "" : ` ${digits}`}`),
    unverify: (nick) => call(`unverify ${nick}`),
    block: (who) => call(`block ${who}`),
    unblock: (who) => call(`unblock ${who}`),
    ignore: (who) => call(`ignore ${who}`),
    forget: (who) => call(`forget ${who}`),
    why: (nick) =>
      call(`why ${nick}`).pipe(
        Effect.flatMap(() =>
          queried.has(nick)
            ? Effect.succeed({
                ...keyOf(nick),
                policy: "prefer-direct" as const,
                path: { kind: "relay" as const, address: "server:9090", rttMs: 80 },
                networks: {
                  own: "hard" as const,
                  peer: "hard" as const,
                  ipv4: { own: "hard" as const, peer: "hard" as const },
                  ipv6: { own: "absent" as const, peer: "none" as const }
                },
                expected: "relay" as const,
                relayOffered: true,
                candidates: [],
                changes: [],
                sent: 3,
                lost: 0,
                lines: [`${nick} is reached through the relay`],
                advice: "use IPv6"
              })
            : new NotConnected({ message: `query ${nick} first` })
        )
      ),
    setPath: (nick, policy) => call(`path ${nick} ${policy}`),
    away: (text) => call(text === undefined ? "back" : `away ${text}`),
    files: {
      offer: (nick, path) =>
        Effect.flatMap(call(`offer ${nick} ${path}`), () =>
          queried.has(nick)
            ? Effect.succeed(transfer({ name: String(path), nick }))
            : new NotConnected({ message: `query ${nick} first` })
        ),
      offerStream: (nick, name) => Effect.as(call(`offerStream ${nick} ${name}`), transfer({ name, nick })),
      accept: (id, directory) => Effect.zipRight(call(`accept ${id} ${directory}`), known(id)),
      acceptStream: (id) => Stream.fromEffect(Effect.flatMap(known(id), () => Effect.succeed(new Uint8Array()))),
      decline: (id) => Effect.zipRight(call(`decline ${id}`), known(id)),
      cancel: (id) => Effect.zipRight(call(`cancel ${id}`), known(id)),
      pause: (id) => Effect.zipRight(call(`pause ${id}`), known(id)),
      resume: (id) => Effect.zipRight(call(`resume ${id}`), known(id)),
      list: Effect.as(call("files"), [transfer({})])
    },
    groups: {
      list: Effect.as(call("groups"), [GROUP]),
      make: (name, nicks) => Effect.as(call(`group ${name} ${nicks.join(" ")}`), { ...GROUP, name }),
      add: (name, nicks) => Effect.as(call(`groupAdd ${name} ${nicks.join(" ")}`), GROUP),
      join: (name) => Effect.zipRight(call(`groupJoin ${name}`), group(name)),
      leave: (name) => Effect.zipRight(call(`groupLeave ${name}`), group(name)),
      remove: (name, nick) => Effect.zipRight(call(`groupRemove ${name} ${nick}`), group(name)),
      send: (name, text) =>
        Effect.map(Effect.zipRight(call(`groupSend ${name} ${text}`), group(name)), ({ id }) => ({
          group: { id, name: "team" },
          id: messageId("ab".repeat(16)),
          to: ["bob"],
          without: ["carol"]
        }))
    },
    preferences: {
      all: Effect.sync(() => preferences),
      set: (name, value) =>
        Effect.map(call(`set ${name} ${value}`), () => {
          if (value === undefined) preferences.delete(name)
          else preferences.set(name, value)
          return true
        })
    },
    typed: Effect.succeed([
      { conversation: "", text: "list earlier" },
      { conversation: "bob", text: "typed earlier for bob" }
    ]),
    keepTyped: () => Effect.void,
    history: (query = {}) => Effect.map(call(`history ${JSON.stringify(query)}`), () => remembered),
    clearHistory: (nick) => call(`clearHistory ${nick}`),
    read: (nick, id) => call(`read ${nick} ${id}`),
    leave: (nick) => call(`leave ${nick}`),
    exit: () =>
      Effect.zipRight(
        call("exit"),
        Effect.sync(() => {
          events.unsafeOffer({ _tag: "Closed", reason: "exit", message: "you left" })
          events.unsafeDone(Exit.void)
        })
      )
  }
})

/** The id of the transfer that is made up here, and one that no transfer has. */
export const TRANSFER = TransferId.make("f1".repeat(16))
export const NO_TRANSFER = TransferId.make("0".repeat(32))

const known = (id: string) =>
  id === NO_TRANSFER ? new NoSuchTransfer({ message: `there is no transfer ${id}` }) : Effect.void

/** A group that we are in. */
export const GROUP: GroupInfo = {
  id: GroupId.make("c0".repeat(16)),
  name: "team",
  state: "joined",
  members: [
    { nick: "bob", fingerprint: "f", asked: true, blocked: false, knowsGroups: true },
    { nick: "carol", fingerprint: "f", asked: false, blocked: false }
  ]
}

const group = (name: string) =>
  name === "team" || name === "#team"
    ? Effect.succeed(GROUP)
    : new NoSuchGroup({ message: `there is no group ${name}` })

export const PAIR_NUMBER = Array.from({ length: 12 }, (_, group) => String(10_000 + group)).join(" ")

/** A call, as strangers make it. */
export const call = (nick: string, more: Partial<IncomingEvent> = {}): IncomingEvent => ({
  _tag: "Incoming",
  nick,
  fingerprint: "f",
  trust: "new",
  known: false,
  calls: 1,
  hidden: 0,
  answered: false,
  ...more
})

type IncomingEvent = ClientEvent & { readonly _tag: "Incoming" }

/** A key that has changed. */
export const keyChanged = (message: string) =>
  new KeyChanged({ message, change: { known: "11111 2", offered: "33333 4", verified: false } })

/** A transfer that is offered to us. */
export const transfer = (some: Partial<Transfer>): Transfer => ({
  id: TRANSFER,
  nick: "bob",
  fingerprint: "00000 11111 22222 33333 44444 55555",
  direction: "in",
  kind: "file",
  name: "report.pdf",
  size: 1_200_000,
  files: 1,
  state: "offered",
  transferred: 0,
  rate: 0,
  ...some
})
