import type * as Endpoint from "../../domain/Endpoint.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { JournalEntry } from "../peer/Journal.js"
import type { Peers } from "../peer/Peers.js"
import type { Policy } from "../peer/path/Policy.js"
import type { Transmit } from "../peer/Route.js"
import { NEVER } from "../support/Deadline.js"
import type { ClientContext } from "./ClientContext.js"
import type {
  Busy,
  ClientError,
  Closed,
  ContactError,
  NotConnected,
  QueryError,
  RegisterError,
  SendError,
  ServerError,
  TrustError,
  WatchError
} from "./ClientError.js"
import type { ClientMachineOptions, LinkSeen } from "./ClientMachineOptions.js"
import * as ClientParts from "./ClientParts.js"
import type { Contacts } from "./Contacts.js"
import { type Conversation, type Conversations, pathOutcomeOf } from "./Conversations.js"
import { closed, notConnected, notRegistered, tooManyPolicies } from "./ErrorTexts.js"
import type { GroupTalk } from "./groups/GroupTalk.js"
import type { HostAddress } from "./HostCandidates.js"
import type { Wanted } from "./Introducer.js"
import { keyInfoOf } from "./KeyInfo.js"
import type { Answered, ClientOutput, HistoryNote, Ticket, UnreadMessage, Wish } from "./Output.js"
import type { OwnProfile } from "./OwnRecord.js"
import type { PeerInfo } from "./PeerInfo.js"
import type { People } from "./People.js"
import { type Relayed, relayedOf } from "./Relayed.js"
import type { ServerOutput } from "./ServerLink.js"
import * as Why from "./Why.js"

/**
 * Everything that one client decides: registration, introductions, consent, contacts, presence, candidates,
 * reintroduction, path policies, and which way a packet takes to the relay. The driver has the sockets, the timer, the
 * disk and the user; the machine never waits, throws, reads a clock or draws a random number of its own.
 *
 * Life: nothing is dialled before the first `register`. Its nickname names a profile, which the driver opens
 * (`OpenProfile`); the server's acceptance makes that profile ours for good (`Started`), and from then on there is a
 * peer machine. After an outage the nickname is taken back by itself. `close` ends everything: peers and server are
 * told goodbye, every call that waits is answered, `Closed` is the last event.
 *
 * Four kinds of methods: commands of the user (those that wait for somebody give a `Ticket`, which `pollAnswer` answers
 * once); `handle…` and `profile…` for what the driver has seen, in the order in which it happened; `poll…` for what the
 * driver is to do; getters. After every command and every input the driver drains all `poll…` methods, `pollEvent`
 * first, and arms its timer at `pollTimeout`. One input takes its whole effect before the next message of the server,
 * or the next datagram, is looked at.
 */
export class ClientMachine {
  readonly #client: ClientContext
  readonly #parts: ClientParts.Parts
  /** Calls that are not answered yet; each stands for somebody who waits. */
  readonly #open = new Set<Ticket<unknown, Closed>>()
  readonly #journal: Array<JournalEntry> = []
  #hasLeft = false

  constructor(options: ClientMachineOptions) {
    this.#parts = ClientParts.make(options, (peer) => this.#journal.push({ _tag: "Dropped", peer }))
    this.#client = this.#parts.client
  }

  // What is there -----------------------------------------------------------------------------------------------------

  get conversations(): Conversations {
    return this.#client.conversations
  }

  /** The peer machine, for its streams and for what is known of a peer: after its use, drain as after any command. */
  get peers(): Peers | undefined {
    return this.#client.peers
  }

  get hasLeft(): boolean {
    return this.#hasLeft
  }

  /** Whom our user knows. */
  get contacts(): Contacts | undefined {
    return this.#client.own.profile?.contacts
  }

  /** How a peer is reached, and why not otherwise; the error when we have no conversation with it. */
  why(nick: string, now: number): Why.Why | NotConnected {
    const conversation = this.conversations.byNick(nick)
    const report = conversation && this.#client.peers?.explain(conversation.peer, now)
    if (conversation === undefined || report === undefined) return notConnected(nick)
    const key = keyInfoOf(this.contacts, conversation)
    const { insteadOf, name, via } = this.#parts.trust
    const guesses = this.#parts.guessing.stateOf(conversation.peer, now)
    return Why.explain({ ...key, nick: conversation.nick }, report, name, now, { guesses, via, insteadOf })
  }

  /** How files go to and from this peer, where that is over the relay. */
  relayed(peer: PeerId, now: number): Relayed | undefined {
    const report = this.#client.peers?.explain(peer, now)
    return report && relayedOf(report, this.#parts.reactions.relayRate, now)
  }

  /** To look at; `inGroups` does something about them. */
  get groups(): GroupTalk {
    return this.#parts.groups
  }

  /** What somebody is called whom we talk to, or are to ask for. */
  nickOf(peer: PeerId): string | undefined {
    return this.conversations.get(peer)?.nick ?? this.#client.pending.nickOf(peer)
  }

  /** To look at; `decide` does something about them. */
  get people(): People {
    return this.#parts.people
  }

  // Commands of the user ----------------------------------------------------------------------------------------------

  /** What time it is as far as it is known, ms since 1970 UTC. */
  timeAt(now: number): number {
    return this.#client.clock.at(now)
  }

  /** Takes a nickname, also a new one while registered. Waits for the server while it is away. */
  register(nick: string, now: number): Ticket<PeerInfo, RegisterError> {
    return this.#call((ticket) => this.#parts.registration.register(nick, ticket, now), now)
  }

  /** Everybody who is registered now. */
  list(now: number): Ticket<ReadonlyArray<PeerInfo>, ServerError> {
    return this.#call((ticket) => this.#parts.presence.list(ticket, now), now)
  }

  /** Wants to hear when this nickname comes and goes, or everybody, known or not; the error if that cannot be. */
  watch(nick: string | undefined, now: number): WatchError | undefined {
    if (this.#hasLeft) return closed()
    const refused = this.#parts.presence.watch(nick)
    this.#settle(now)
    return refused
  }

  /** Takes that back: those whom we have asked for or know are still told of. */
  unwatch(nick: string | undefined, now: number): void {
    this.#parts.presence.unwatch(nick)
    this.#settle(now)
  }

  /** Asks for a peer: consent on our side, to the one who is `wanted` alone. */
  query(nick: string, now: number, wanted: Wanted = {}): Ticket<Conversation, QueryError> {
    return this.#call((ticket) => this.#parts.introducer.query(nick, wanted, ticket, now), now)
  }

  /** As `Messages.send`. */
  send(conversation: Conversation, text: string, now: number): MessageId | SendError {
    if (this.#hasLeft) return closed()
    const sent = this.#parts.messages.send(conversation, text, now)
    if (conversation.departed) this.#settle(now)
    return sent
  }

  /** Gives a nickname to the key that `digits` name, of those that were shown under it; the error when none is. */
  trust(nick: string, digits: string, now: number): TrustError | undefined {
    if (this.#hasLeft) return closed()
    if (this.#client.own.profile === undefined) return notRegistered()
    const refused = this.#parts.introducer.trust(nick, digits, now)
    this.#settle(now)
    return refused
  }

  /** Does something about groups; the error of `act`, or what it gives. */
  inGroups<A>(act: (groups: GroupTalk, now: number) => A, now: number): A | Closed {
    if (this.#hasLeft) return closed()
    const result = act(this.#parts.groups, now)
    this.#settle(now)
    return result
  }

  /** Decides about somebody we know, as `People` says; the error when there is nobody, or no room. */
  decide(about: (people: People, now: number) => ContactError | undefined, now: number): ContactError | undefined {
    if (this.#hasLeft) return closed()
    const refused = about(this.#parts.people, now)
    this.#settle(now)
    return refused
  }

  /** As `People.leave`. */
  leave(conversation: Conversation, now: number): void {
    this.#parts.people.leave(conversation, now)
    this.#settle(now)
  }

  /** As `People.dropPending`. */
  dropPending(nick: string, now: number): PeerId | undefined {
    return this.#parts.people.dropPending(nick, now)
  }

  /**
   * Something else of an earlier process waits for these peers: they are asked for, as those are that texts wait for.
   */
  addPending(peers: ReadonlyArray<{ readonly peer: PeerId; readonly nick: string }>, now: number): void {
    for (const { nick, peer } of peers) {
      this.#client.pending.add(peer, nick)
      this.#parts.reintroduction.add(peer)
    }
    this.#settle(now)
  }

  /** Which paths may be used with this nickname, or with everybody who has none of their own; the error when full. */
  setPath(nick: string | undefined, policy: Policy, now: number): Busy | undefined {
    const { peers, policies } = this.#client
    if (nick === undefined) policies.everybody = policy
    else if (!policies.set(nick, policy)) return tooManyPolicies(nick)
    const peer = nick === undefined ? undefined : this.conversations.byNick(nick)?.peer
    if (nick === undefined || peer !== undefined) peers?.setPolicy(peer, policy, now)
    this.#parts.gatherer.announce(now)
    this.#settle(now)
    return undefined
  }

  /** A person has read this message, and all before it. */
  read(nick: string, id: MessageId, now: number): NotConnected | undefined {
    const conversation = this.conversations.byNick(nick)
    if (conversation === undefined) return notConnected(nick)
    this.#client.peers?.read(conversation.peer, id, now)
    return undefined
  }

  /** Our user is away, with these words, or is there again (`undefined`). */
  setAway(text: string | undefined, now: number): void {
    this.#client.own.away = text
    this.#client.peers?.setAway(text, now)
    this.#settle(now)
  }

  /** As `Messages.shown`. */
  shown(message: UnreadMessage, now: number): void {
    this.#parts.messages.shown(message, now)
  }

  /** For messages to peers that are connected, or about to be; for the others nothing can be done in seconds. */
  delivered(now: number): Ticket<void, Closed> {
    return this.#call((ticket) => this.#parts.messages.awaitDelivery(ticket), now)
  }

  /** As `Messages.hasRoom`. */
  hasRoom(conversation: Conversation): boolean {
    return this.#parts.messages.hasRoom(conversation)
  }

  /** As `Messages.awaitRoom`. */
  room(conversation: Conversation, now: number): Ticket<void, Closed> {
    return this.#call((ticket) => this.#parts.messages.awaitRoom(ticket, conversation), now)
  }

  /** Nobody waits for this answer any more. A query that is under way still takes effect. */
  cancel(ticket: Ticket<unknown>, now: number): void {
    if (!this.#open.delete(ticket as Ticket<unknown, Closed>)) return
    this.#parts.messages.cancel(ticket as Ticket<void, Closed>)
    this.#parts.presence.cancel(ticket as Ticket<ReadonlyArray<PeerInfo>, ServerError>)
    this.#parts.registration.cancel(ticket as Ticket<PeerInfo, RegisterError>, now)
    this.#settle(now)
  }

  /** Leaves for good: goodbye to peers and server. What is polled afterwards is to be sent once more. */
  close(reason: "exit" | "replaced" | "refused", message: string, now: number): void {
    if (this.#hasLeft) return
    const { conversations, output, own, peers, rendezvous, transport } = this.#client
    this.#hasLeft = true
    this.#parts.servers.leave()
    own.wanted = undefined
    peers?.closeAll(now)
    this.#parts.ways.part(now)
    transport.stop()
    rendezvous.close(pathOutcomeOf(conversations.all()), now)
    this.#parts.reactions.hearPeers(now)
    output.tell({ _tag: "Closed", reason, message })
    for (const ticket of this.#open) output.answer(ticket, closed())
    this.#open.clear()
  }

  // What the driver has seen ------------------------------------------------------------------------------------------

  /** A connection to a server is open, as `Dial` asked. */
  handleConnected(local: Endpoint.Endpoint, remote: Endpoint.Endpoint, now: number, how: LinkSeen = {}): void {
    this.#parts.servers.handleConnected(local, remote, now, how)
    this.#settle(now)
  }

  /** This server greets, of those that were to be looked for (`Look`). */
  handleFound(server: number, now: number): void {
    this.#parts.servers.handleFound(server)
    this.#settle(now)
  }

  handleServerBytes(chunk: Uint8Array, now: number): void {
    this.#parts.server?.handleBytes(chunk, now)
    this.#settle(now)
  }

  /** There is somebody, and no TLS, which we asked for. `message` is half a sentence for people. */
  handleNoTls(message: string, now: number, server = 0): void {
    this.#parts.servers.handleNoTls(message, now, server)
    this.#settle(now)
  }

  /** The connection has ended, or there was none to be had. `message` is half a sentence for people. */
  handleDisconnected(message: string, now: number): void {
    this.#parts.servers.handleDisconnected(message, now)
    this.#settle(now)
  }

  /** A datagram on a socket for peers, or on that of this number. A burst of them may come before the next drain. */
  handleDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number, socket?: number): void {
    const { peers, transport } = this.#client
    const arrival = socket === undefined ? transport.handleDatagram(from, data, now) : undefined
    if (arrival !== undefined) peers?.handleDatagram(arrival.from, arrival.packet, now)
    if (socket !== undefined) this.#parts.guessing.handleDatagram(socket, from, data, now)
  }

  /** As `OpenSockets` wished: those that there could be. */
  handleOpened(sockets: ReadonlyArray<number>, now: number): void {
    this.#parts.guessing.handleOpened(sockets, now)
  }

  /** A datagram on the socket for the local network. */
  handleLanDatagram(from: Endpoint.Endpoint, data: Uint8Array, now: number): void {
    this.#parts.lan?.handleDatagram(from, data, now)
    this.#settle(now)
  }

  /** This name is announced on the local network, at this endpoint. */
  handleLanFound(name: string, endpoint: Endpoint.Endpoint, now: number): void {
    this.#parts.lan?.handleFound(name, endpoint, now)
    this.#settle(now)
  }

  /** It said goodbye, or was not heard any more. */
  handleLanGone(name: string, now: number): void {
    this.#parts.lan?.handleGone(name)
    this.#settle(now)
  }

  /** The local network cannot be asked now. */
  handleLanFailed(message: string, now: number): void {
    this.#parts.lan?.handleJoinFailed(message, now)
    this.#settle(now)
  }

  /** This machine's addresses, as `ReadAddresses` asked. */
  handleAddresses(addresses: ReadonlyArray<HostAddress>, now: number): void {
    this.#parts.registration.renew(now)
    const gone = this.#parts.gatherer.handleAddresses(addresses, now)
    this.#parts.server?.addressesGone(gone)
    this.#parts.lan?.handleAddresses(addresses)
    this.#settle(now)
  }

  /** The router forwards this endpoint to us, or does no longer. */
  handleForwarded(endpoint: Endpoint.Endpoint | undefined, now: number): void {
    this.#parts.gatherer.handleForwarded(endpoint, now)
    this.#settle(now)
  }

  /** All addresses of the server's name, as wished (`ResolveServer`). */
  handleServerResolved(addresses: ReadonlyArray<string>, now: number): void {
    this.#parts.gatherer.handleServerResolved(addresses, now)
    this.#settle(now)
  }

  /** What the STUN server of this number is reached at; none when its name is unknown. */
  handleResolved(server: number, endpoints: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    this.#parts.gatherer.handleResolved(server, endpoints, now)
  }

  /** The profile that was wished for is open, and on disk. */
  profileOpened(profile: OwnProfile, now: number): void {
    this.#parts.registration.profileOpened(profile, now)
    this.#settle(now)
  }

  profileFailed(message: string, now: number): void {
    this.#parts.registration.profileFailed(message, now)
    this.#settle(now)
  }

  profileDropped(now: number): void {
    this.#parts.registration.profileDropped(now)
    this.#settle(now)
  }

  /** These entries, in the order in which they were polled, survive the end of the process (or cannot be helped). */
  written(entries: ReadonlyArray<JournalEntry>, now: number): void {
    this.#client.peers?.written(entries, now)
  }

  /** As `Peers.flushed`. */
  flushed(entries: ReadonlyArray<JournalEntry>, now: number): void {
    this.#client.peers?.flushed(entries)
    this.#settle(now)
  }

  handleTimeout(now: number): void {
    const { peers, transport } = this.#client
    transport.handleTimeout(now)
    peers?.handleTimeout(now)
    this.#parts.server?.handleTimeout(now)
    this.#parts.lan?.handleTimeout(now)
    if (!this.#hasLeft) for (const part of this.#parts.timed) part.handleTimeout(now)
    this.#settle(now)
  }

  // What the driver is to do ------------------------------------------------------------------------------------------

  /** What to tell the user, and the driver's own rooms, in order. */
  pollEvent(now: number): ClientOutput | undefined {
    const { output } = this.#client
    const next = output.pollEvent()
    if (next !== undefined) return next
    this.#settle(now)
    return output.pollEvent()
  }

  /** An answer to a call of the user: its result, or a `ClientError`. */
  pollAnswer(): Answered | undefined {
    const next = this.#client.output.pollAnswer()
    if (next !== undefined) this.#open.delete(next.ticket as Ticket<unknown, Closed>)
    return next
  }

  pollHistory(): HistoryNote | undefined {
    return this.#client.output.pollHistory()
  }

  /** The next entry to write down; none without a journal. */
  pollJournal(): JournalEntry | undefined {
    return this.#journal.shift() ?? this.#client.peers?.pollJournal()
  }

  pollWish(): Wish | undefined {
    const wish = this.#parts.servers.pollWish()
    if (wish !== undefined) return wish
    const name = this.#parts.lan?.pollJoin()
    return name === undefined ? this.#client.output.pollWish() : { _tag: "JoinLan", name }
  }

  /**
   * The next datagram, always to an address (`Direct`); poll `pollServer` afterwards, which may carry packets as well.
   */
  pollTransmit(now: number): Transmit | undefined {
    return this.#parts.ways.poll(now)
  }

  /** The next bytes for the server's connection, or how it is to be closed. */
  pollServer(): ServerOutput | undefined {
    return this.#parts.server?.pollTransmit()
  }

  /** The next packet for the socket for the local network. */
  pollLanTransmit(): { readonly to: Endpoint.Endpoint; readonly data: Uint8Array } | undefined {
    return this.#parts.lan?.pollTransmit()
  }

  /** When `handleTimeout` is due. */
  pollTimeout(): number | undefined {
    const { peers, transport } = this.#client
    const { lan, reintroduction, server, timed } = this.#parts
    let next = Math.min(transport.pollTimeout() ?? NEVER, peers?.pollTimeout() ?? NEVER)
    next = Math.min(next, server?.pollTimeout() ?? NEVER, lan?.pollTimeout() ?? NEVER)
    if (this.#hasLeft) return next === NEVER ? undefined : next
    next = Math.min(next, reintroduction.pollTimeout() ?? NEVER)
    for (const part of timed) next = Math.min(next, part.pollTimeout() ?? NEVER)
    return next === NEVER ? undefined : next
  }

  // How it hangs together ---------------------------------------------------------------------------------------------

  #call<A, E extends ClientError>(begin: (ticket: Ticket<A, E | Closed>) => void, now: number): Ticket<A, E | Closed> {
    const ticket = this.#client.output.ticket<A, E | Closed>()
    this.#open.add(ticket as Ticket<unknown, Closed>)
    if (this.#hasLeft) this.#client.output.answer(ticket, closed())
    else begin(ticket)
    this.#settle(now)
    return ticket
  }

  /** Lets everything take its effect that follows from what was just done or seen. */
  #settle(now: number): void {
    if (this.#hasLeft) {
      this.#parts.reactions.ignore(now)
      return
    }
    this.#parts.reactions.settle(now)
    this.#parts.messages.settle()
  }
}
