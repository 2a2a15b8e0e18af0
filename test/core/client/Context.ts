import { ClientClock } from "../../../src/core/client/ClientClock.js"
import type { ClientContext } from "../../../src/core/client/ClientContext.js"
import { type Conversation, Conversations } from "../../../src/core/client/Conversations.js"
import type { ClientEvent } from "../../../src/core/client/Events.js"
import { GroupTalk } from "../../../src/core/client/groups/GroupTalk.js"
import { Introducer, type IntroducerOptions } from "../../../src/core/client/Introducer.js"
import { type Answered, Output, type Wish } from "../../../src/core/client/Output.js"
import { type OwnProfile, OwnRecord } from "../../../src/core/client/OwnRecord.js"
import { PathPolicies } from "../../../src/core/client/PathPolicies.js"
import { PendingPeers } from "../../../src/core/client/PendingPeers.js"
import { People } from "../../../src/core/client/People.js"
import type { Purpose } from "../../../src/core/client/Purpose.js"
import type { Reintroduction } from "../../../src/core/client/Reintroduction.js"
import { RelayTransport } from "../../../src/core/client/RelayTransport.js"
import { type Asked, Rendezvous } from "../../../src/core/client/Rendezvous.js"
import { ServerLink } from "../../../src/core/client/ServerLink.js"
import { Peers } from "../../../src/core/peer/Peers.js"
import { AddressBudget } from "../../../src/core/peer/path/AddressBudget.js"
import type { Policy } from "../../../src/core/peer/path/Policy.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import type { PeerId } from "../../../src/domain/PeerId.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Control from "../../../src/protocol/Control.js"
import { Rng } from "../../../src/sim/kernel/Rng.js"

import { fingerprint, peerId } from "../../support/ids.js"

/** What one part of a client works with, and a server at the other end of its link that a test plays itself. */
export class Context implements ClientContext {
  readonly crypto = crypto
  readonly output = new Output()
  readonly own = new OwnRecord(crypto)
  readonly conversations = new Conversations()
  readonly pending = new PendingPeers(this.conversations)
  readonly policies: PathPolicies
  readonly link: ServerLink<Asked<Purpose>>
  readonly rendezvous: Rendezvous<Purpose>
  readonly transport: RelayTransport
  readonly budget = new AddressBudget()
  readonly ignored = new Set<PeerId>()
  peers: ClientContext["peers"] = undefined
  readonly wallNow = () => WALL
  readonly clock = new ClientClock(this.wallNow)

  readonly random: (length: number) => Uint8Array

  constructor(path: Policy = "prefer-direct", seed = 1) {
    const rng = new Rng(seed)
    const random = (length: number) => rng.fill(new Uint8Array(length))
    this.random = random
    this.policies = new PathPolicies(path)
    this.link = new ServerLink({ random })
    this.rendezvous = new Rendezvous(this.link, undefined)
    this.transport = new RelayTransport(random)
    this.link.setWanted(true)
    this.link.pollDial()
    this.link.handleConnected(at("192.168.1.5:1"), at("198.51.100.1:9090"), 0)
    this.link.handleBytes(line(WELCOME), 0)
  }

  /** As after the first registration: the profile is ours, and there is a peer machine. */
  begin(profile: OwnProfile): void {
    const { identity } = profile
    this.own.profile = profile
    this.peers = new Peers({
      crypto,
      entropy: { bytes: this.random },
      identity: { publicKey: identity.signKeys.publicKey, staticKeys: identity.staticKeys },
      now: 0
    })
  }

  /** The requests of this kind that went to the server, since they were last asked for. */
  sent(tag: string): ReadonlyArray<{ readonly [key: string]: unknown }> {
    const found: Array<{ readonly [key: string]: unknown }> = []
    for (let output = this.link.pollTransmit(); output !== undefined; output = this.link.pollTransmit()) {
      const request = typeof output === "string" ? {} : JSON.parse(new TextDecoder().decode(output))
      if (request._tag === tag) found.push(request)
    }
    return found
  }

  /** What the server was told of our candidates, since it was last asked for. */
  told(): ReadonlyArray<string> {
    return this.sent("Update").map(({ endpoints }) => (endpoints as ReadonlyArray<string>).join())
  }

  /** What the user was told. */
  events(): ReadonlyArray<ClientEvent> {
    const found: Array<ClientEvent> = []
    for (let output = this.output.pollEvent(); output !== undefined; output = this.output.pollEvent())
      if (output._tag === "Told") found.push(output.event)
    return found
  }

  /** The conversation, as if it had been introduced. */
  introduce(known: Conversation): Conversation {
    const { address, fingerprint, introduction, nick, peer } = known
    const vouched = { address, fingerprint, introduction, nick, peer }
    return Object.assign(this.conversations.introduce(vouched, true).conversation, known)
  }

  /** How the user's calls were answered since this was last asked. */
  answers(): ReadonlyArray<Answered> {
    const found: Array<Answered> = []
    for (let answer = this.output.pollAnswer(); answer !== undefined; answer = this.output.pollAnswer())
      found.push(answer)
    return found
  }

  wishes(): ReadonlyArray<Wish["_tag"]> {
    const found: Array<Wish["_tag"]> = []
    for (let wish = this.output.pollWish(); wish !== undefined; wish = this.output.pollWish()) found.push(wish._tag)
    return found
  }
}

const at = (text: string) => Endpoint.parse(text)!

/** Somebody whom we have asked for and are not connected to, unless told otherwise. */
export const conversation = (nick: string, more: Partial<Conversation> = {}): Conversation => ({
  peer: peerId(nick),
  fingerprint: fingerprint(`print of ${nick}`),
  nick,
  called: nick,
  listed: nick,
  toldUntil: Number.NEGATIVE_INFINITY,
  held: undefined,
  quiet: false,
  address: "203.0.113.9:1",
  asked: true,
  connected: false,
  trying: false,
  path: undefined,
  toldOn: undefined,
  introduction: {} as Conversation["introduction"],
  absent: false,
  departed: false,
  ...more
})

/** ms since 1970 UTC, all the time. */
export const WALL = 1_700_000_000_000

/** A line as the server sends it. */
export const line = (message: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(message)}\n`)

export const WELCOME: typeof Control.Welcome.Type = {
  _tag: "Welcome",
  protocol: Control.PROTOCOL_VERSION,
  server: "test",
  challenge: "",
  limits: { line: Control.MAX_LINE, idleMs: 45_000, registerMs: 10_000 },
  udp: []
}

/** Takes calls of everybody, and answers none by itself, unless told otherwise. */
/** What is done in groups and heard in them. */
export const groupsOf = (context: Context, reintroduction: Reintroduction): GroupTalk =>
  new GroupTalk(context, new People(context, introducing(context), () => {}), reintroduction, context.random)

export const introducing = (context: Context, options: Partial<IntroducerOptions> = {}): Introducer =>
  new Introducer(context, { acceptCalls: "everyone", answer: "nobody", ...options }, { name: "server:9090" }, 0)
