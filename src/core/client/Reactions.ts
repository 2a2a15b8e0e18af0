import * as Endpoint from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import type * as Control from "../../protocol/Control.js"
import { Peers } from "../peer/Peers.js"
import type { Rate } from "../support/TokenBucket.js"
import type { CandidateGatherer } from "./CandidateGatherer.js"
import type { ClientContext } from "./ClientContext.js"
import { failed, unauthorized } from "./ErrorTexts.js"
import type { Introducer } from "./Introducer.js"
import type { OfferedIntroduction } from "./Introductions.js"
import type { PeerEvents } from "./PeerEvents.js"
import type { PortGuessing } from "./PortGuessing.js"
import type { Presence } from "./Presence.js"
import type { Purpose, QueryPurpose } from "./Purpose.js"
import type { Registration } from "./Registration.js"
import type { Reintroduction } from "./Reintroduction.js"
import type { Answer, RendezvousEvent } from "./Rendezvous.js"
import type { ServerTrusts } from "./ServerTrusts.js"

/** The parts of a client that something may concern. */
export interface Parts {
  readonly gatherer: CandidateGatherer
  readonly guessing: PortGuessing
  readonly registration: Registration
  readonly introducer: Introducer
  readonly reintroduction: Reintroduction
  readonly presence: Presence
  readonly peerEvents: PeerEvents
  readonly trust: ServerTrusts
}

/**
 * What follows from what: takes everything that the rendezvous, the peer machine and the reflexive probe report to the
 * part of the client that it concerns, one after the other, until nothing more follows. So each message of the server
 * has taken its whole effect before the next one is looked at.
 */
export class Reactions {
  #relayRate: Rate | undefined
  #isEnding = false

  constructor(
    private readonly client: ClientContext,
    private readonly parts: Parts,
    /** Fresh unpredictable bytes, for the peer machine. */
    private readonly random: (length: number) => Uint8Array
  ) {}

  /** What the relay takes of us, as the server has told last. */
  get relayRate(): Rate | undefined {
    return this.#relayRate
  }

  /** Lets everything take its effect that follows from what was just done or seen. */
  settle(now: number): void {
    const { rendezvous, transport } = this.client
    for (let isBusy = true; isBusy; ) {
      isBusy = this.hearPeers(now)
      rendezvous.setWanted(this.parts.registration.wanted)
      for (let event = this.#nextEvent(now); event !== undefined; event = this.#nextEvent(now)) {
        this.#handleRendezvous(event, now)
        this.hearPeers(now)
        isBusy = true
      }
      for (let change = transport.pollChange(); change !== undefined; change = transport.pollChange()) {
        if (change.moved) this.parts.guessing.moved()
        this.parts.gatherer.handleReflexive(change.moved, now)
      }
      if (this.parts.reintroduction.advance(now)) isBusy = true
      if (this.parts.presence.advance(now)) isBusy = true
    }
  }

  /** Tells what the peer machine reports; whether there was anything that more may follow from. */
  hearPeers(now: number): boolean {
    const { peers } = this.client
    let isNews = false
    for (let event = peers?.pollEvent(); event !== undefined; event = peers?.pollEvent()) {
      if (event._tag === "InDoubt") this.#doubt(event.probesInVain, now)
      else this.parts.peerEvents.handle(event, now)
      if (event._tag === "Message") this.parts.gatherer.onHeard(now)
      this.parts.guessing.onPeerEvent(event, now)
      isNews = true
    }
    return isNews
  }

  /**
   * A peer owes answers. Where it is silent both ways, it may be somewhere else by now, and the server may have told us
   * so over a link that a router has forgotten.
   */
  #doubt(probesInVain: number, now: number): void {
    this.parts.gatherer.doubt(now)
    if (probesInVain >= SILENT_PROBES) this.client.rendezvous.check(now)
  }

  /** We have left: what still comes in is nothing to us. */
  ignore(now: number): void {
    const { peers, rendezvous } = this.client
    while (rendezvous.pollEvent(now) !== undefined);
    while (peers?.pollEvent() !== undefined);
  }

  /** What a server says after it has ended everything is not looked at. */
  #nextEvent(now: number): RendezvousEvent<Purpose> | undefined {
    return this.#isEnding ? undefined : this.client.rendezvous.pollEvent(now)
  }

  #end(reason: "replaced" | "refused", message: string): void {
    this.#isEnding = true
    const said = this.parts.trust.isOpen ? `${message}, or so somebody says: the link is not encrypted` : message
    this.client.output.pass({ _tag: "Ending", reason, message: said })
  }

  /** A server does not let us in: whether there is another one to try. */
  #passOver(refusal: Control.Refusal): boolean {
    const { output, rendezvous } = this.client
    const { trust } = this.parts
    const message = `${trust.name} does not let you in: ${refusal.message}`
    if (!rendezvous.passOver(message)) return false
    if (!trust.isRepeated(undefined, message)) output.tell(failed(unauthorized(message)))
    return true
  }

  #tellLink(): void {
    const news = this.parts.trust.news()
    if (news !== undefined) this.client.output.tell(news)
  }

  #handleRendezvous(event: RendezvousEvent<Purpose>, now: number): void {
    const { output, peers } = this.client
    switch (event._tag) {
      case "Ready":
        this.#tellLink()
        this.#compareClocks(event.serverNow, now)
        this.#relayRate = event.relayRate
        peers?.setRelayRate(event.relayRate)
        this.parts.gatherer.greeted(event.remote, event.ports, now, event.relay)
        this.parts.registration.ready(event.occasion, event.greeting, now)
        return
      case "Answered":
        this.#handleAnswer(event.purpose, event.answer, now)
        return
      case "Down":
        this.parts.registration.lost()
        return
      case "Lost":
        output.tell({ _tag: "ServerLost", message: event.message, retryInMs: event.retryInMs })
        return
      case "Incoming":
        // A server that introduces strangers to nobody is out of order; there is nobody to introduce them to.
        if (this.client.own.profile !== undefined) this.parts.introducer.incoming(event, now)
        this.#tellBack(event, false, now)
        this.parts.reintroduction.addPending(event.nick)
        return
      case "Replaced":
        this.#end("replaced", "your key came online elsewhere (a copy of this profile?), and only one can be")
        return
      case "Refused":
        if (event.refusal._tag === "Unauthorized" && !this.#passOver(event.refusal))
          this.#end("refused", event.refusal.message)
        return
      case "Relay": {
        const packet = Bytes.fromBase64Url(event.packet)
        if (packet !== undefined) peers?.handleDatagram({ _tag: "Relay", channel: event.channel }, packet, now)
        return
      }
      default:
        this.parts.presence.handle(event, now)
        return
    }
  }

  #compareClocks(serverNow: number | undefined, now: number): void {
    const { clock } = this.client
    const message = serverNow === undefined ? clock.unaided() : clock.greeted(serverNow, now)
    if (message !== undefined) this.client.output.tell({ _tag: "Failed", code: "Clock", message })
  }

  #handleAnswer(purpose: Purpose, answer: Answer, now: number): void {
    switch (purpose._tag) {
      case "Register": {
        // Where another server may let us in, this one has not answered.
        const isElsewhere =
          answer._tag === "Refused" && answer.refusal._tag === "Unauthorized" && this.#passOver(answer.refusal)
        const heard: Answer = isElsewhere ? { _tag: "Unanswered" } : answer
        const result = this.parts.registration.handleAnswer(purpose, heard, now)
        if (result === undefined) return
        if (result !== "Registered") {
          this.#end("refused", result.message)
          return
        }
        this.#registered(now)
        this.parts.registration.settle(purpose, now)
        return
      }
      case "Query":
        this.#handleQueried(purpose, answer, now)
        return
      case "List":
        this.parts.presence.handlePage(purpose.ticket, answer, now)
        return
      case "Watch":
        this.parts.presence.handleWatching(purpose.nicks, answer, now)
        return
      case "Unwatch":
      case "Tell":
        return
      case "Update":
        // Whoever lost us finds us at the new address only through the server.
        this.parts.reintroduction.addAll()
        return
    }
  }

  #handleQueried(purpose: QueryPurpose, answer: Answer, now: number): void {
    const { ticket } = purpose
    const isWanted = ticket !== undefined || this.parts.reintroduction.isWanted(purpose)
    const outcome = this.parts.introducer.handleAnswer(purpose, answer, isWanted, now)
    if (answer._tag === "Introduced" && outcome._tag === "Opened") this.#tellBack(answer.introduction, true, now)
    if (ticket === undefined) {
      this.parts.reintroduction.handleOutcome(purpose, outcome, now)
      return
    }
    if (outcome._tag === "Opened") this.parts.presence.asked(purpose.nick, outcome.conversation.listed)
    else if (outcome.error._tag === "NoSuchPeer") this.parts.presence.asked(purpose.nick, undefined)
    this.client.output.answer(ticket, outcome._tag === "Opened" ? outcome.conversation : outcome.error)
  }

  /**
   * Somebody whose candidates the server tells may do without its relay, and so would not learn ours from a handshake:
   * they are told in the same way, but to no stranger. Once, so that two who tell each other come to an end.
   */
  #tellBack({ candidates, channel, relay }: OfferedIntroduction, again: boolean, now: number): void {
    if (relay === undefined || candidates.length === 0) return
    const { conversations, own, policies, rendezvous } = this.client
    const conversation = conversations.all().find(({ introduction }) => introduction.channel === channel)
    if (conversation === undefined || conversation.held !== undefined) return
    if (conversation.toldOn === channel && !again) return
    const contact = own.profile?.contacts.get(conversation.peer)
    if (!conversation.asked && contact === undefined) return
    const policy = policies.ofAny([conversation.nick, ...(contact?.names ?? [])])
    const withheld = policy === "relay-only" ? [] : this.parts.gatherer.withheld
    if (withheld.length === 0) return
    conversation.toldOn = channel
    rendezvous.tell(conversation.introduction.channel, withheld.map(Endpoint.format), { _tag: "Tell" }, now)
  }

  /** The nickname is ours, or ours again. */
  #registered(now: number): void {
    if (this.client.peers === undefined) this.#start(now)
    this.parts.gatherer.recordChanged(now)
    this.parts.presence.begin(now)
    this.client.output.wish({ _tag: "KeepProfile" })
    // A link that broke and came back is the best sign that we have moved.
    this.parts.gatherer.check()
    this.parts.reintroduction.addAll()
  }

  /** The first registration: there is a peer machine from now on, which goes on where earlier processes stopped. */
  #start(now: number): void {
    const { crypto, output, own, pending, policies } = this.client
    const { contacts, identity, journal } = own.profile!
    const peers = new Peers({
      crypto,
      entropy: { bytes: this.random },
      budget: this.client.budget,
      portGuessing: this.parts.guessing.isOn,
      identity: { publicKey: identity.signKeys.publicKey, staticKeys: identity.staticKeys },
      now,
      ...(journal && { past: journal.past })
    })
    peers.setPolicy(undefined, policies.everybody, now)
    if (own.away !== undefined) peers.setAway(own.away, now)
    for (const { blockedAt, identity } of contacts.all()) if (blockedAt !== undefined) peers.block(identity, now)
    peers.setRelayRate(this.#relayRate)
    this.client.peers = peers
    this.parts.gatherer.tellNetworks(now)
    for (const { messages, nick, peer } of journal?.waiting() ?? []) {
      pending.add(peer, nick)
      output.tell({ _tag: "Kept", nick, undelivered: messages })
    }
    output.pass({ _tag: "Started" })
  }
}

/** How often in a row the probe timer runs out until the link to the server is asked: single losses are no reason. */
const SILENT_PROBES = 3
