import type { PeerEvent } from "../../src/core/peer/PeerEvent.js"
import type { MessageId } from "../../src/domain/MessageId.js"
import type { PeerId } from "../../src/domain/PeerId.js"
import * as Host from "./Host.js"
import type { Pipe } from "./Pipe.js"

/**
 * How the two sides of a part find each other: A asks for B, B lets A in and asks back when the first message comes.
 */

/** Cards go both ways; B has admitted A by the time A has B's. */
export const exchange = async (pipe: Pipe, host: Host.Host): Promise<Host.Card> => {
  pipe.send(host.card)
  return pipe.receive<Host.Card>()
}

/** A host that has asked for the other side, whose `say` is to be called for the handshake to end in a conversation. */
export const ask = async (
  pipe: Pipe,
  onEvent: (event: PeerEvent) => void,
  options: Omit<Host.HostOptions, "address"> = {}
) => {
  const host = await Host.open({ address: pipe.address, ...options }, onEvent)
  const other = await exchange(pipe, host)
  const invite = () => host.drive((peers, now) => peers.invite(Host.introduction(other), now))
  const say = (text: string) => host.drive((peers, now) => peers.send(other.identity, text, now))
  return { host, other, invite, say }
}

/** Lets the other side in; `onMessage` has to confirm what it shows. */
export const accept = async (
  pipe: Pipe,
  onMessage: (host: Host.Host, peer: PeerId, id: MessageId, text: string) => void,
  onEvent: (host: Host.Host, event: PeerEvent) => void = () => {},
  options: Omit<Host.HostOptions, "address"> = {}
): Promise<Host.Host> => {
  let asked = false
  const other = await pipe.receive<Host.Card>()
  const host: Host.Host = await Host.open({ address: pipe.address, ...options }, (event) => {
    onEvent(host, event)
    if (event._tag !== "Message") return
    if (!asked) host.drive((peers, now) => peers.invite(Host.introduction(other), now))
    asked = true
    onMessage(host, event.peer, event.id, event.text)
  })
  host.drive((peers, now) => peers.admit(Host.introduction(other), now))
  pipe.send(host.card)
  return host
}

/** Confirms each message. */
export const confirm = (host: Host.Host, peer: PeerId, id: MessageId): void => {
  host.drive((peers, now) => peers.delivered(peer, id, now))
}

/** Confirms each message and says the same. */
export const echo = (host: Host.Host, peer: PeerId, id: MessageId, text: string): void => {
  host.drive((peers, now) => {
    peers.delivered(peer, id, now)
    peers.send(peer, text, now)
  })
}
