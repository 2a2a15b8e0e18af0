import type { Transmit } from "../peer/Route.js"
import type { ClientContext } from "./ClientContext.js"
import type { PortGuessing } from "./PortGuessing.js"
import type { Purpose } from "./Purpose.js"
import type { Asked } from "./Rendezvous.js"
import type { ServerLink } from "./ServerLink.js"

/** Which way each packet of the peer machine takes: to an address, or to the relay by UDP or over the control link. */
export class WaysOut {
  /** Packets that leave though we have: goodbyes that the relay does not carry. */
  readonly #partings: Array<Transmit> = []

  constructor(
    private readonly client: ClientContext,
    private readonly server: ServerLink<Asked<Purpose>> | undefined,
    private readonly guessing: PortGuessing
  ) {}

  /** The next datagram, always to an address (`Direct`); what goes over the control link is given to that. */
  poll(now: number): Transmit | undefined {
    const { peers, rendezvous, transport } = this.client
    const parting = this.#partings.shift()
    if (parting !== undefined) return parting
    for (let packet = peers?.pollTransmit(now); packet !== undefined; packet = peers?.pollTransmit(now)) {
      if (packet.route._tag === "Direct") return packet
      const { channel } = packet.route
      const datagram = transport.envelope(channel, packet.data, now)
      if (datagram !== undefined) return { route: { _tag: "Direct", endpoint: datagram.to }, data: datagram.data }
      if (transport.pollSilence(now)) this.server?.check(now)
      rendezvous.relay(channel, packet.data, now)
    }
    const question = transport.pollTransmit(now)
    if (question === undefined) return this.guessing.pollTransmit(now)
    return { route: { _tag: "Direct", endpoint: question.to }, data: question.data }
  }

  /**
   * What peers are told last over the relay goes the way that the goodbye to the server goes, ahead of it: our channels
   * end with that one, and a datagram may come after it.
   */
  part(now: number): void {
    const { peers, rendezvous } = this.client
    if (!rendezvous.ready) return
    for (let packet = peers?.pollTransmit(now); packet !== undefined; packet = peers?.pollTransmit(now)) {
      if (packet.route._tag === "Relay") rendezvous.relay(packet.route.channel, packet.data, now)
      else this.#partings.push(packet)
    }
  }
}
