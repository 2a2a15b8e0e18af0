import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { ClientError, closed, notConnected, ofSendRefusal } from "../core/client/ClientError.js"
import { type Conversation, Conversations, pathOutcomeOf } from "../core/client/Conversations.js"
import { PathPolicies } from "../core/client/PathPolicies.js"
import { PendingPeers } from "../core/client/PendingPeers.js"
import * as Why from "../core/client/Why.js"
import { Peers } from "../core/peer/Peers.js"
import * as Nickname from "../domain/Nickname.js"
import type { PeerId } from "../domain/PeerId.js"
import * as Bytes from "../protocol/Bytes.js"
import { Crypto } from "../services/Crypto.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import { Entropy } from "../services/Entropy.js"
import type { Files } from "../services/Files.js"
import type { Interfaces } from "../services/Interfaces.js"
import type { Resolver } from "../services/Resolver.js"
import type { Store } from "../services/Store.js"
import * as Time from "../services/Time.js"
import { type Channel, Client, type ClientApi, type OpenChannel } from "./Client.js"
import { type ClientOptions, DEFAULT_LINGER } from "./ClientOptions.js"
import { Crowd } from "./Crowd.js"
import { EventQueue } from "./EventQueue.js"
import * as Transfers from "./files/Transfers.js"
import { isWelcome } from "./files/Welcome.js"
import * as Healer from "./Healer.js"
import { Remembrance } from "./history/Remembrance.js"
import { Introducer } from "./Introducer.js"
import * as Listing from "./Listing.js"
import * as PeerEvents from "./PeerEvents.js"
import * as PeerLink from "./PeerLink.js"
import * as Presence from "./PresenceEvents.js"
import * as Profile from "./Profile.js"
import * as Registrar from "./Registrar.js"
import * as Rendezvous from "./Rendezvous.js"
import { Self } from "./Self.js"
import type { ServerLink } from "./ServerLink.js"
import * as Whereabouts from "./Whereabouts.js"

/** What a client asks of the world. `Profiles` has its own layer, on `Store`. */
export type ClientServices = Crypto | Datagrams | Dialer | Entropy | Files | Interfaces | Profile.Profiles | Resolver

/**
 * A client that lives as long as the scope. Sockets are bound at once (`NoNetwork` when there are none to be had); the
 * server is dialled by the first `register`. Closing the scope says goodbye to all peers and to the server and leaves
 * nothing behind.
 */
export const make = (options: ClientOptions): Effect.Effect<ClientApi, ClientError, ClientServices | Scope.Scope> =>
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const entropy = yield* Entropy
    const time = yield* Time.make

    const events = new EventQueue()
    const conversations = new Conversations()
    const self = new Self(crypto)
    const remembrance = new Remembrance(options.history ?? false, self, conversations, events, time)
    const crowd = new Crowd()
    const kept = new PendingPeers(conversations)
    const leaving = yield* Deferred.make<never, ClientError>()
    const saving = yield* Effect.makeLatch(false)
    const policies = new PathPolicies(options.path ?? "prefer-direct")
    const relayName = nameOf(options.server)
    let hasLeft = false
    /** Looks, after each report of the peer machine, whether `exit` has waited long enough. */
    let onProgress = () => {}

    const recorded = () => self.profile?.journal?.recorded
    const peers = yield* PeerLink.make(
      (event) => {
        transfers.handle(event)
        PeerEvents.handle(event, {
          conversations,
          events,
          introducer,
          peers,
          inbox: options.inbox ?? true,
          recorded,
          relayName,
          remembrance,
          heal: healer.heal
        })
        onProgress()
      },
      (entries) => self.profile?.journal?.write(entries, (peer) => conversations.get(peer)?.nick),
      {
        relay: (channel, packet) => server.relay(channel, packet),
        onOutside: (isElsewhere) => whereabouts.seen(isElsewhere)
      }
    ).pipe(
      Effect.mapError(({ message }) => new ClientError({ code: "NoNetwork", message: `no UDP socket: ${message}` }))
    )

    const beganAt = time.wall()
    const transfers: Transfers.Transfers = yield* Transfers.make({
      crypto,
      entropy,
      time,
      conversations,
      events,
      peers,
      leaving,
      store: () => self.profile?.transfers,
      downloads: options.downloads ?? ".",
      isWelcome: ({ nick, peer }) =>
        isWelcome(options.accept ?? "ask", peer, self.profile?.pins.get(Nickname.key(nick)), beganAt)
    })

    const server: ServerLink = yield* Rendezvous.make({
      server: options.server,
      lan: options.lan,
      path: options.path,
      peerPort: peers.ports.ipv4,
      wanted: () => registrar.wanted(),
      onReady: (welcome, remote) => {
        whereabouts.greeted(remote, welcome.udp)
        registrar.greeted(welcome)
      },
      onEvent: (event) => {
        switch (event._tag) {
          case "Incoming":
            // A server that introduces strangers to nobody is out of order; there is nobody to introduce them to.
            if (self.profile !== undefined) introducer.incoming(event)
            return healer.healKept(event.nick)
          case "Replaced":
            return shut("replaced", "the same identity registered from elsewhere")
          case "Refused":
            return event.refusal._tag === "Unauthorized" ? shut("refused", event.refusal.message) : undefined
          default:
            return Presence.handle(event, { conversations, crowd, events, healer, peers, self })
        }
      },
      onRelay: peers.relayed,
      onDown: () => registrar.lost(),
      onLost: (message, retryInMs) => events.offer({ _tag: "ServerLost", message, retryInMs })
    })

    const whereabouts: Whereabouts.Whereabouts = yield* Whereabouts.make({
      stun: options.stun,
      portMapping: options.portMapping,
      self,
      peers,
      server,
      policies,
      onTick: () => registrar.renew(),
      // Whoever lost us finds us at the new address only through the server.
      onTold: () => healer.healAll()
    })

    const registrar: Registrar.Registrar = yield* Registrar.make({
      token: options.token,
      self,
      time,
      events,
      server,
      endpoints: whereabouts.registering,
      onRegistered: () => {
        start()
        peers.drive((machine, now) => machine.setLocal(self.record!, whereabouts.candidates(), now))
        whereabouts.announce()
        crowd.clear()
        server.request({ _tag: "Watch" }, () => {})
        saving.unsafeOpen()
        // A link that broke and came back is the best sign that we have moved.
        whereabouts.check()
        healer.healAll()
      },
      onRefused: (message) => shut("refused", message)
    })

    const introducer = new Introducer(crypto, time, self, conversations, events, peers, server, policies, () =>
      saving.unsafeOpen()
    )
    const healer = yield* Healer.make(conversations, events, server, introducer, kept)

    let started = false
    const start = () => {
      if (started) return
      started = true
      const { identity: ours, journal } = self.profile!
      const now = time.monotonic()
      const identity = { publicKey: ours.signKeys.publicKey, staticKeys: ours.staticKeys }
      peers.start(new Peers({ crypto, entropy, identity, now, ...(journal && { past: journal.past }) }))
      peers.drive((machine, now) => machine.setPolicy(undefined, policies.everybody, now))
      for (const { messages, nick, peer } of journal?.waiting() ?? []) {
        kept.add(peer, nick)
        events.offer({ _tag: "Kept", nick, undelivered: messages })
      }
      for (const { nick, peer } of transfers.restore()) kept.add(peer, nick)
      remembrance.start()
      journal?.attach({
        stored: (entries) => peers.drive((machine, now) => machine.journaled(entries, now)),
        changed: (safe, message) => events.offer({ _tag: "Journal", safe, message })
      })
    }

    const shut = (reason: "exit" | "replaced" | "refused", message: string) => {
      if (hasLeft) return
      hasLeft = true
      self.wanted = undefined
      transfers.shut()
      peers.drive((machine, now) => machine.closeAll(now))
      peers.outside((outside) => outside.stop())
      server.close(pathOutcomeOf(conversations.all()))
      events.end({ _tag: "Closed", reason, message })
      Deferred.unsafeDone(leaving, Effect.fail(closed()))
    }

    const keepProfile = Effect.suspend(() => self.profile?.keep ?? Effect.void).pipe(
      Effect.catchAll(({ message }) =>
        Effect.sync(() => events.offer({ _tag: "Failed", code: "Profile", message: `not kept: ${message}` }))
      )
    )

    yield* Effect.forkScoped(
      Effect.forever(
        saving.await.pipe(Effect.zipRight(Effect.sync(() => saving.unsafeClose())), Effect.zipRight(keepProfile))
      )
    )
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => shut("exit", "the client was closed")).pipe(Effect.zipRight(keepProfile))
    )

    /** A call of the user, ended by our leaving. */
    const call = <A>(effect: Effect.Effect<A, ClientError>): Effect.Effect<A, ClientError> =>
      Effect.suspend(() => (hasLeft ? closed() : Effect.raceFirst(effect, Deferred.await(leaving))))

    const ask = (nick: string, expected?: PeerId): Effect.Effect<OpenChannel, ClientError> =>
      call(
        Effect.async<Conversation, ClientError>((resume) => {
          const known = conversations.byNick(nick)
          if (known?.asked === true && known.connected && (expected ?? known.peer) === known.peer)
            return resume(Effect.succeed(known))
          if (self.profile === undefined || (server.up() && self.registration === undefined))
            return resume(new ClientError({ code: "NotRegistered", message: "register a nickname first" }))
          if (self.wanted?.key === Nickname.key(nick))
            return resume(new ClientError({ code: "Yourself", message: `${nick} is you` }))
          introducer.ask(nick, expected, (result) =>
            resume(result instanceof ClientError ? result : Effect.succeed(result))
          )
        })
      ).pipe(Effect.map(openChannel))

    const say = (conversation: Conversation, text: string) =>
      Effect.suspend(() => {
        if (hasLeft) return closed()
        if (!conversation.asked) return notConnected(conversation.nick)
        if (events.full)
          return new ClientError({ code: "OutboxFull", message: "nobody reads this client's events; read some first" })
        const journal = self.profile?.journal
        if (journal?.accepts(conversation.peer, Bytes.fromText(text).length) === false)
          return ofSendRefusal({ _tag: "OutboxFull" }, conversation.nick)
        const sent = peers.drive((machine, now) => machine.send(conversation.peer, text, now))
        if (typeof sent === "string") {
          remembrance.sent(conversation, sent, text)
          // Writing to somebody who has hung up is a new start of ours.
          if (conversation.departed) healer.heal(conversation.peer)
          return journal === undefined ? Effect.succeed(sent) : Effect.as(journal.stored(sent), sent)
        }
        return sent === undefined ? notConnected(conversation.nick) : ofSendRefusal(sent, conversation.nick)
      })

    const writtenDown = Effect.suspend(() => self.profile?.journal?.flushed ?? Effect.void)

    const leave = (conversation: Conversation) =>
      Effect.map(transfers.leave(conversation.peer), () => {
        if (conversations.get(conversation.peer) === conversation) introducer.close(conversation)
        conversation.asked = false
        kept.forget(conversation.peer)
      }).pipe(Effect.zipRight(writtenDown))

    /** Gives up what an earlier process left for a peer that was not introduced to this one. */
    const dropKept = (nick: string) =>
      Effect.sync(() => {
        const peer = kept.byNick(nick)
        if (peer === undefined) return
        kept.forget(peer)
        self.profile?.journal?.write([{ _tag: "Dropped", peer }], () => nick)
        return peer
      }).pipe(
        Effect.flatMap((peer) => (peer === undefined ? Effect.void : transfers.leave(peer))),
        Effect.zipRight(writtenDown)
      )

    const base = (conversation: Conversation) => ({
      peer: { nick: conversation.nick, address: conversation.address, fingerprint: conversation.fingerprint },
      status: Effect.sync(() => peers.drive((machine) => machine.status(conversation.peer))),
      close: leave(conversation)
    })

    const openChannel = (conversation: Conversation): OpenChannel => ({
      _tag: "Open",
      ...base(conversation),
      send: (text) => say(conversation, text)
    })

    const channelOf = (conversation: Conversation): Channel =>
      conversation.asked
        ? openChannel(conversation)
        : { _tag: "Invited", ...base(conversation), accept: ask(conversation.nick, conversation.peer) }

    const isDelivered = () =>
      conversations.all().every(({ connected, peer, trying }) => {
        const undelivered = connected || trying ? peers.drive((machine) => machine.status(peer)?.undelivered) : 0
        return undelivered === undefined || undelivered === 0
      })

    /** For messages to peers that are connected, or about to be; for the others nothing can be done in seconds. */
    const delivered = Effect.async<void>((resume) => {
      onProgress = () => {
        if (!isDelivered()) return
        onProgress = () => {}
        resume(Effect.void)
      }
      onProgress()
    })

    return {
      events: events.stream,
      register: (nick) => call(registrar.register(nick)),
      list: call(Listing.all(server, crowd)),
      query: (nick) => ask(nick),
      send: (nick, text) =>
        Effect.suspend(() => {
          const conversation = conversations.byNick(nick)
          return conversation === undefined ? notConnected(nick) : say(conversation, text)
        }),
      channel: (nick) =>
        Effect.sync(() => {
          const conversation = conversations.byNick(nick)
          return conversation === undefined ? undefined : channelOf(conversation)
        }),
      trust: (nick) => call(Effect.suspend(() => introducer.trust(nick) ?? Effect.void)),
      leave: (nick) =>
        Effect.suspend(() => {
          const conversation = conversations.byNick(nick)
          return conversation === undefined ? dropKept(nick) : leave(conversation)
        }),
      why: (nick) =>
        Effect.suspend(() => {
          const conversation = conversations.byNick(nick)
          const report =
            conversation &&
            peers.drive((machine, now) => {
              const known = machine.explain(conversation.peer, now)
              return known && Why.explain(conversation.nick, known, relayName, now)
            })
          return report === undefined ? notConnected(nick) : Effect.succeed(report)
        }),
      setPath: (nick, policy) =>
        Effect.suspend(() => {
          if (nick === undefined) policies.everybody = policy
          else if (!policies.set(nick, policy)) return tooManyPolicies(nick)
          const peer = nick === undefined ? undefined : conversations.byNick(nick)?.peer
          if (nick === undefined || peer !== undefined)
            peers.drive((machine, now) => machine.setPolicy(peer, policy, now))
          whereabouts.announce()
          return Effect.void
        }),
      history: (query = {}) => remembrance.find(query),
      clearHistory: (nick) => remembrance.clear(nick),
      read: (nick, id) =>
        Effect.suspend(() => {
          if (options.readReceipts !== true) return readReceiptsOff()
          const conversation = conversations.byNick(nick)
          if (conversation === undefined) return notConnected(nick)
          peers.drive((machine, now) => machine.read(conversation.peer, id, now))
          return Effect.void
        }),
      files: transfers.api,
      exit: (lingerMs = options.lingerMs ?? DEFAULT_LINGER) =>
        Effect.gen(function* () {
          if (hasLeft) return
          events.acknowledge()
          // What was shown is confirmed only when it is written down.
          yield* Effect.timeoutOption(self.profile?.journal?.flushed ?? Effect.void, Duration.millis(lingerMs))
          yield* Effect.timeoutOption(Effect.zipRight(transfers.told, delivered), Duration.millis(lingerMs))
          shut("exit", "you left")
          yield* server.gone
          yield* keepProfile
        })
    }
  })

/** `make` as a layer of `Client`, with profiles in the `Store`. */
export const layer = (
  options: ClientOptions
): Layer.Layer<Client, ClientError, Exclude<ClientServices, Profile.Profiles> | Store> =>
  Layer.scoped(Client, make(options)).pipe(Layer.provide(Profile.layer))

const tooManyPolicies = (nick: string): ClientError =>
  new ClientError({ code: "Busy", message: `too many nicknames have a path of their own already; ${nick} got none` })

const readReceiptsOff = (): ClientError =>
  new ClientError({ code: "ReadReceiptsOff", message: "others are told what was read only with --read-receipts" })

/** What people know the relay by; there is none without a server. */
const nameOf = (server: ClientOptions["server"]): string =>
  server === undefined ? "" : `${server.host}:${server.port}`
