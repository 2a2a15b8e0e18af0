import * as Endpoint from "../../domain/Endpoint.js"
import type * as Control from "../../protocol/Control.js"
import { portsAt, portsOf } from "../nat/ServerPorts.js"
import { NEVER } from "../support/Deadline.js"
import type { ClientContext } from "./ClientContext.js"
import * as HostCandidates from "./HostCandidates.js"

export interface CandidateGathererOptions {
  /** Our bound UDP ports. */
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** This machine's addresses at the start. */
  readonly addresses: ReadonlyArray<HostCandidates.HostAddress>
  /** How many STUN servers the user names. */
  readonly stunServers: number
  /** Whether the router may be asked to forward a port. */
  readonly portMapping: boolean
  /** Monotonic ms. */
  readonly now: number
}

/**
 * Gathers our candidates (RFC 8445 §5.1.1): where we may be reached, as this machine and servers that see us say.
 * Notices when that changes, and tells the peers, and the server where it has no relay. With `relay-only`, no
 * candidates are announced.
 */
export class CandidateGatherer {
  #addresses: ReadonlyArray<HostCandidates.HostAddress>
  #reachedServer = false
  #hasRelay = false
  #serverOnLoopback = false
  /** Our host candidates, and what they were selected from. */
  #selected: Selected | undefined
  /** As the peers, and as the server, have been told. */
  #toldPeers: string | undefined
  #toldServer = ""
  #forwarded: Endpoint.Endpoint | undefined
  #isForwardingWanted = false
  /** Whether the server's addresses were asked for, since it greeted and since ours changed. */
  #isServerResolved = false
  /** The server's link, and its UDP ports. */
  #link: Endpoint.Endpoint | undefined
  #ports: ServerPorts = { udp: [] }
  /** By number; sent on once each is known, or known to be unknown. */
  readonly #stun: Array<ReadonlyArray<Endpoint.Endpoint> | undefined>
  /** When this machine's addresses are looked at again. */
  #refreshAt: number
  /** Until when they are looked at often. */
  #alertUntil = Number.NEGATIVE_INFINITY
  /** The same, less often, because somebody has said something lately. */
  #heardUntil = Number.NEGATIVE_INFINITY

  constructor(
    private readonly client: ClientContext,
    private readonly options: CandidateGathererOptions
  ) {
    this.#addresses = options.addresses
    this.#refreshAt = options.now + REFRESH
    // Somebody else's server is none of the ways to a relay; whoever wants nothing but that asks nobody.
    const stunServers = client.policies.everybody === "relay-only" ? 0 : options.stunServers
    this.#stun = new Array(stunServers).fill(undefined)
    for (let server = 0; server < stunServers; server++) client.output.wish({ _tag: "Resolve", server })
  }

  /** What peers and the server may know. At most `HostCandidates.MAX_CANDIDATES`. */
  get candidates(): ReadonlyArray<Endpoint.Endpoint> {
    if (this.isPrivate) return []
    const forwarded = this.#forwarded === undefined ? [] : [this.#forwarded]
    return HostCandidates.withOuter(this.#hosts(), [...forwarded, ...this.client.transport.candidates])
  }

  /** The address under which others of this network see us, as far as this machine knows. */
  get lanAddress(): string {
    const own = this.#addresses.find(
      ({ address, family }) => family === "ipv4" && isElsewhereThanLoopback(Endpoint.make(address, 1))
    )
    return `${own?.address ?? "127.0.0.1"}:${this.options.ports.ipv4}`
  }

  /**
   * The candidates that the server gets, for whoever is introduced to us. None where handshakes can carry them, sealed,
   * through its relay; unless we do without the relay ourselves towards somebody.
   */
  forServer(): ReadonlyArray<Endpoint.Endpoint> {
    return this.#hasRelay && !this.client.policies.someDirectOnly ? [] : this.candidates
  }

  /** The same, as they go with a registration. */
  forRegistration(): ReadonlyArray<Endpoint.Endpoint> {
    const shown = this.forServer()
    this.#toldServer = this.#serverText(shown)
    return shown
  }

  /** What peers may know and the server was not told. */
  get withheld(): ReadonlyArray<Endpoint.Endpoint> {
    return this.forServer().length > 0 ? [] : this.candidates
  }

  /** Whether nobody but the server is to learn our addresses, the one of the control link included. */
  get isPrivate(): boolean {
    return this.client.policies.everybody === "relay-only"
  }

  /** A server on this endpoint has greeted, with its UDP ports and perhaps a relay; none on a local network. */
  greeted(remote: Endpoint.Endpoint | undefined, ports: ServerPorts, now: number, hasRelay = false): void {
    const { transport } = this.client
    this.#hasRelay = hasRelay
    this.#serverOnLoopback = remote !== undefined && Endpoint.scope(remote) === "loopback"
    this.#reachedServer = true
    this.#wantForwarding()
    this.#link = remote
    if (remote !== undefined) {
      this.#ports = ports
      const all = portsOf(ports, remote)
      transport.greeted(
        all.filter(({ family }) => family === all[0]?.family),
        remote,
        now
      )
      this.#isServerResolved = false
      this.#wantBothFamilies(now)
    }
    transport.start(now)
  }

  /** Something may have changed: the machine's addresses are read again at once. */
  check(): void {
    this.#refreshAt = NEVER
    this.client.output.wish({ _tag: "ReadAddresses" })
  }

  /** Peers do not answer where they did: our own network may be about to change, or has. */
  doubt(now: number): void {
    this.#alertUntil = now + ALERT
    this.#refreshAt = Math.min(this.#refreshAt, now)
  }

  /** Somebody says something to us: they are not to wait for our own next word until we see that we have moved. */
  onHeard(now: number): void {
    this.#heardUntil = now + LISTENING
    this.#refreshAt = Math.min(this.#refreshAt, now + LISTENING_REFRESH)
  }

  /** This machine's addresses, as they are now: those that it has no longer, if any has changed. */
  handleAddresses(addresses: ReadonlyArray<HostCandidates.HostAddress>, now: number): ReadonlyArray<string> {
    const before = this.#addresses
    const hasChanged = addressText(before) !== addressText(addresses)
    if (hasChanged) this.#addresses = addresses
    // Whoever loses one network gets another one soon.
    if (hasChanged) this.#alertUntil = now + ALERT
    const often = now < this.#heardUntil ? LISTENING_REFRESH : REFRESH
    this.#refreshAt = now + (now < this.#alertUntil ? ALERT_REFRESH : often)
    if (hasChanged) {
      this.client.transport.networkChanged(now)
      this.#forwarded = undefined
      this.#isServerResolved = false
      if (this.#isForwardingWanted) this.client.output.wish({ _tag: "RenewForwarding" })
    }
    this.announce(now)
    return hasChanged
      ? before.map(({ address }) => address).filter((gone) => !addresses.some(({ address }) => address === gone))
      : []
  }

  /** The router forwards this endpoint to us, or does no longer. */
  handleForwarded(endpoint: Endpoint.Endpoint | undefined, now: number): void {
    // Behind a second NAT the router's own outside is no place that anybody reaches; loopback and the like are
    // nonsense.
    this.#forwarded = endpoint !== undefined && Endpoint.scope(endpoint) === "global" ? endpoint : undefined
    this.announce(now)
  }

  /** What the STUN server of this number is reached at; none when its name is unknown. */
  handleResolved(server: number, endpoints: ReadonlyArray<Endpoint.Endpoint>, now: number): void {
    this.#stun[server] = endpoints
    if (this.#stun.every((known) => known !== undefined)) this.client.transport.setStun(this.#stun.flat(), now)
  }

  /**
   * All addresses of the server that is connected. It is asked in the family that the link is not in as well: somebody
   * who has that one alone reaches us there or not at all.
   */
  handleServerResolved(addresses: ReadonlyArray<string>, now: number): void {
    if (this.#ports.udpAt !== undefined) return
    const [other] = addresses
      .flatMap((address) => Endpoint.make(address, 1) ?? [])
      .filter((endpoint) => endpoint.family !== this.#link?.family && this.#has(endpoint))
    const twins = other === undefined ? [] : portsAt(other.address, this.#ports.udp)
    this.client.transport.alsoAt(twins, now)
  }

  /** Servers see us otherwise than before; `moved`: somewhere else. */
  handleReflexive(moved: boolean, now: number): void {
    const { peers } = this.client
    if (moved) for (const peer of peers?.peers() ?? []) peers?.nudge(peer, now)
    this.announce(now)
  }

  /** Tells the peer machine what is known of our networks. */
  tellNetworks(now: number): void {
    const networks = this.client.transport.networks(this.#hosts(), this.#forwarded !== undefined)
    this.client.peers?.setNetworks(networks, now)
  }

  handleTimeout(now: number): void {
    if (now >= this.#refreshAt) this.check()
  }

  pollTimeout(): number {
    return this.#refreshAt
  }

  /** We have signed a new record: the peer machine is told in any case. */
  recordChanged(now: number): void {
    this.#toldPeers = undefined
    this.announce(now)
  }

  /** Tells the peers and the server, if what may be told is more or less than before. */
  announce(now: number): void {
    const { own, peers, rendezvous } = this.client
    this.#wantForwarding()
    this.#wantBothFamilies(now)
    this.tellNetworks(now)
    const { candidates } = this
    const text = textOf(candidates)
    if (own.record !== undefined && text !== this.#toldPeers) {
      this.#toldPeers = text
      peers?.setLocal(own.record, candidates, now)
    }
    const shown = this.forServer()
    const told = this.#serverText(shown)
    if (told === this.#toldServer || own.registration === undefined) return
    this.#toldServer = told
    rendezvous.update(shown.map(Endpoint.format), this.isPrivate, { _tag: "Update" }, now)
  }

  #serverText(candidates: ReadonlyArray<Endpoint.Endpoint>): string {
    return `${this.isPrivate ? "private" : ""} ${textOf(candidates)}`
  }

  #hosts(): ReadonlyArray<Endpoint.Endpoint> {
    const addresses = this.#addresses
    const onLoopback = this.#serverOnLoopback
    // Asked twice with each look at the addresses, which are hardly ever others than before.
    if (this.#selected?.addresses !== addresses || this.#selected.onLoopback !== onLoopback) {
      const hosts = HostCandidates.select(addresses, this.options.ports, onLoopback)
      this.#selected = { addresses, onLoopback, hosts }
    }
    return this.#selected.hosts
  }

  /** How the internet sees us is asked in each family that we and the server have; whoever hides has no use for it. */
  #wantBothFamilies(now: number): void {
    if (this.#isServerResolved || !this.#reachedServer || this.#serverOnLoopback || this.isPrivate) return
    // Behind a proxy, the name is for the proxy alone to look up.
    if (this.#link === undefined) return
    this.#isServerResolved = true
    const all = this.#ports.udpAt && portsOf(this.#ports, this.#link)
    if (all === undefined) this.client.output.wish({ _tag: "ResolveServer" })
    else
      this.client.transport.alsoAt(
        all.filter((endpoint) => endpoint.family !== all[0]?.family && this.#has(endpoint)),
        now
      )
  }

  /** Whether we can send to this family. */
  #has({ family }: Endpoint.Endpoint): boolean {
    return (
      this.options.ports[family] !== undefined &&
      this.#addresses.some((own) => own.family === family && isElsewhereThanLoopback(Endpoint.make(own.address, 1)))
    )
  }

  /** A router lies between us and the server, as far as we know, and may learn of us. */
  #wantForwarding(): void {
    if (this.#isForwardingWanted || !this.options.portMapping || this.options.ports.ipv4 === undefined) return
    if (!this.#reachedServer || this.#serverOnLoopback || this.isPrivate) return
    this.#isForwardingWanted = true
    this.client.output.wish({ _tag: "ForwardPort" })
  }
}

interface Selected {
  readonly addresses: ReadonlyArray<HostCandidates.HostAddress>
  readonly onLoopback: boolean
  readonly hosts: ReadonlyArray<Endpoint.Endpoint>
}

type ServerPorts = Pick<typeof Control.Welcome.Type, "udp" | "udpAt">

/**
 * Milliseconds between looks at our own addresses: roaming is noticed within a few seconds, before a person wonders,
 * and the look costs the system 0.1 ms. No service of the system tells of changes in a way that works everywhere.
 */
const REFRESH = 5_000

/**
 * The same while somebody talks to us. What we say ourselves shows by itself that it does not get through; who listens
 * sees nothing, and could be told nothing for as long as it does not know.
 */
const LISTENING_REFRESH = 500

/** ms after the last word of somebody for which this lasts. */
const LISTENING = 45_000

/** The same while peers do not answer, or when something has just changed: somebody waits. */
const ALERT_REFRESH = 250

/** ms for which this lasts: from one Wi-Fi to another, or to a mobile network, takes some seconds. */
const ALERT = 10_000

const isElsewhereThanLoopback = (endpoint: Endpoint.Endpoint | undefined): boolean =>
  endpoint !== undefined && Endpoint.scope(endpoint) !== "loopback"

const textOf = (endpoints: ReadonlyArray<Endpoint.Endpoint>): string => endpoints.map(Endpoint.format).join()

const addressText = (addresses: ReadonlyArray<HostCandidates.HostAddress>): string =>
  addresses
    .map(({ address }) => address)
    .sort()
    .join()
