import type { PeerId } from "../../domain/PeerId.js"
import { AddressBudget } from "../peer/path/AddressBudget.js"
import { CandidateGatherer } from "./CandidateGatherer.js"
import { ClientClock } from "./ClientClock.js"
import type { ClientContext } from "./ClientContext.js"
import type { ClientMachineOptions } from "./ClientMachineOptions.js"
import { Conversations } from "./Conversations.js"
import { GroupTalk } from "./groups/GroupTalk.js"
import { Introducer } from "./Introducer.js"
import { LanRendezvous } from "./LanRendezvous.js"
import { Messages } from "./Messages.js"
import { Output } from "./Output.js"
import { OwnRecord } from "./OwnRecord.js"
import { PathPolicies } from "./PathPolicies.js"
import { PeerEvents } from "./PeerEvents.js"
import { PendingPeers } from "./PendingPeers.js"
import { People } from "./People.js"
import { PortGuessing } from "./PortGuessing.js"
import { Presence } from "./Presence.js"
import type { Purpose } from "./Purpose.js"
import { Reactions } from "./Reactions.js"
import { Registration } from "./Registration.js"
import { Reintroduction } from "./Reintroduction.js"
import { RelayTransport } from "./RelayTransport.js"
import { type Asked, Rendezvous } from "./Rendezvous.js"
import { ServerLink } from "./ServerLink.js"
import { Servers } from "./Servers.js"
import { ServerTrusts } from "./ServerTrusts.js"
import { WaysOut } from "./WaysOut.js"

/** What one client machine is made of. */
export interface Parts {
  readonly client: ClientContext
  /** None: there are no servers. */
  readonly server: ServerLink<Asked<Purpose>> | undefined
  readonly servers: Servers
  readonly trust: ServerTrusts
  /** None: the local network is not asked. */
  readonly lan: LanRendezvous<Asked<Purpose>> | undefined
  readonly gatherer: CandidateGatherer
  readonly guessing: PortGuessing
  readonly registration: Registration
  readonly introducer: Introducer
  readonly people: People
  readonly reintroduction: Reintroduction
  readonly groups: GroupTalk
  readonly presence: Presence
  readonly messages: Messages
  /** Those that time means something to until we have left, beside others that it does in any case. */
  readonly timed: ReadonlyArray<{
    readonly handleTimeout: (now: number) => void
    readonly pollTimeout: () => number | undefined
  }>
  readonly ways: WaysOut
  readonly reactions: Reactions
}

/** `drop` gives up what an earlier process left for a peer. */
export const make = (options: ClientMachineOptions, drop: (peer: PeerId) => void): Parts => {
  const { addresses, calls, crypto, inbox, lan: isOnLan, now, path, ports, random, servers, token, wallNow } = options
  const conversations = new Conversations()
  const budget = new AddressBudget()
  const server = servers.length === 0 ? undefined : new ServerLink<Asked<Purpose>>({ random, servers: servers.length })
  const trust = new ServerTrusts(servers)
  const lan = isOnLan
    ? new LanRendezvous<Asked<Purpose>>({ crypto, random, port: ports.ipv4!, addresses, budget })
    : undefined
  const client: ClientContext = {
    crypto,
    clock: new ClientClock(wallNow),
    output: new Output(options.history),
    own: new OwnRecord(crypto),
    conversations,
    pending: new PendingPeers(conversations),
    policies: new PathPolicies(path),
    rendezvous: new Rendezvous(server, lan, server && trust),
    transport: new RelayTransport(random),
    ignored: new Set(),
    budget,
    peers: undefined
  }
  const gatherer = new CandidateGatherer(client, { ...options, now })
  const registration = new Registration(client, gatherer, token)
  const introducer = new Introducer(client, calls, trust, now)
  const people = new People(client, introducer, drop)
  const reintroduction = new Reintroduction(client)
  const groups = new GroupTalk(client, people, reintroduction, random)
  const presence = new Presence(client, reintroduction)
  const peerEvents = new PeerEvents(client, introducer, reintroduction, groups, { inbox, relay: trust })
  const guessing = new PortGuessing(client, options.portGuessing, random)
  const ofReactions = { gatherer, guessing, registration, trust, introducer, reintroduction, presence, peerEvents }
  return {
    client,
    server,
    servers: new Servers(client, server, trust, registration, wallNow),
    trust,
    lan,
    gatherer,
    guessing,
    registration,
    introducer,
    people,
    reintroduction,
    groups,
    presence,
    timed: [registration, gatherer, presence, guessing],
    messages: new Messages(client, reintroduction),
    ways: new WaysOut(client, server, guessing),
    reactions: new Reactions(client, ofReactions, random)
  }
}
