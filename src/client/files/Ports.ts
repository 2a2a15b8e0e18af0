import * as Effect from "effect/Effect"
import type { PeerEvent, PeerId, StreamId } from "../../core/peer/Api.js"
import type { PeerLink } from "../PeerLink.js"
import { Port } from "./Port.js"

/**
 * The streams of all connections. A port lives until its stream is over, so their number is bounded by that of the
 * streams that the peer machine lets be open.
 */
export class Ports {
  private readonly peers = new Map<PeerId, Map<StreamId, Port>>()
  /** Those with whom streams can be opened now. */
  private readonly reachable = new Set<PeerId>()
  private readonly waiting = new Map<PeerId, Set<() => void>>()

  constructor(
    private readonly link: PeerLink,
    /** The peer began a stream. */
    private readonly onOpened: (port: Port) => void
  ) {}

  /** Passes on what the peer machine reports. */
  handle(event: PeerEvent): void {
    switch (event._tag) {
      case "Mutual": {
        this.reachable.add(event.peer)
        const waiting = this.waiting.get(event.peer) ?? []
        this.waiting.delete(event.peer)
        for (const resume of waiting) resume()
        return
      }
      case "Disconnected":
        this.lose(event.peer)
        return
      case "StreamOpened":
        this.onOpened(this.add(event.peer, event.stream))
        return
      case "StreamReadable":
      case "StreamWritable":
      case "StreamReset":
        this.peers.get(event.peer)?.get(event.stream)?.handle(event)
    }
  }

  /** The conversation is over on our side: what was open to this peer is gone. */
  lose(peer: PeerId): void {
    this.reachable.delete(peer)
    const ports = this.peers.get(peer)?.values() ?? []
    this.peers.delete(peer)
    for (const port of ports) {
      port.broken = true
      port.poke()
    }
  }

  /** A new stream of ours; `undefined` when there can be none now. */
  open(peer: PeerId): Port | undefined {
    const stream = this.link.drive((peers, now) => peers.openStream(peer, now))
    return typeof stream === "number" ? this.add(peer, stream) : undefined
  }

  /** Nobody serves the stream any more. */
  remove(port: Port): void {
    const ports = this.peers.get(port.peer)
    if (ports?.get(port.stream) !== port) return
    ports.delete(port.stream)
    if (ports.size === 0) this.peers.delete(port.peer)
  }

  /** Waits until streams can be opened with this peer. */
  readonly untilReachable = (peer: PeerId): Effect.Effect<void> =>
    Effect.async<void>((resume) => {
      if (this.reachable.has(peer)) return resume(Effect.void)
      const done = () => resume(Effect.void)
      const waiting = this.waiting.get(peer) ?? new Set()
      this.waiting.set(peer, waiting.add(done))
      return Effect.sync(() => {
        waiting.delete(done)
        if (waiting.size === 0 && this.waiting.get(peer) === waiting) this.waiting.delete(peer)
      })
    })

  private add(peer: PeerId, stream: StreamId): Port {
    const port = new Port(this.link, peer, stream)
    const ports = this.peers.get(peer) ?? new Map<StreamId, Port>()
    this.peers.set(peer, ports.set(stream, port))
    return port
  }
}
