import * as Effect from "effect/Effect"
import type { PeerEvent } from "../../core/peer/PeerEvent.js"
import type { StreamId } from "../../core/peer/stream/StreamId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { PeerDriver } from "../Driver.js"

/**
 * The streams of all connections. Each is kept until it is over, so their number is bounded by that of the streams that
 * the peer machine lets be open.
 */
export class PeerStreams {
  private readonly peers = new Map<PeerId, Map<StreamId, PeerStream>>()
  /** Those with whom streams can be opened now. */
  private readonly reachable = new Set<PeerId>()
  private readonly waiting = new Map<PeerId, Set<() => void>>()

  constructor(
    private readonly driver: PeerDriver,
    /** The peer began a stream. */
    private readonly onOpened: (stream: PeerStream) => void
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
    const streams = this.peers.get(peer)?.values() ?? []
    this.peers.delete(peer)
    for (const stream of streams) {
      stream.broken = true
      stream.poke()
    }
  }

  /** A new stream of ours; `undefined` when there can be none now. */
  open(peer: PeerId): PeerStream | undefined {
    const id = this.driver.drivePeers((peers, now) => peers.openStream(peer, now))
    return typeof id === "number" ? this.add(peer, id) : undefined
  }

  /** Nobody serves the stream any more. */
  remove(stream: PeerStream): void {
    const streams = this.peers.get(stream.peer)
    if (streams?.get(stream.id) !== stream) return
    streams.delete(stream.id)
    if (streams.size === 0) this.peers.delete(stream.peer)
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

  private add(peer: PeerId, id: StreamId): PeerStream {
    const stream = new PeerStream(this.driver, peer, id)
    const streams = this.peers.get(peer) ?? new Map<StreamId, PeerStream>()
    this.peers.set(peer, streams.set(id, stream))
    return stream
  }
}

/** One stream of a connection, and the news of it, for the fiber that serves it. */
export class PeerStream {
  /** Whether the stream takes bytes now. */
  writable = true
  /** The connection is gone, and the stream with it. */
  broken = false
  /** The other side gave the stream up, with this code. */
  resetBy: number | undefined
  /** The other side's end was read. */
  ended = false
  private finished = false
  private isNews = false
  private waiting: (() => void) | undefined

  constructor(
    private readonly driver: PeerDriver,
    readonly peer: PeerId,
    readonly id: StreamId
  ) {}

  /** Nothing can come, or be said, over this stream any more. */
  get over(): boolean {
    return this.broken || this.resetBy !== undefined || (this.finished && this.ended)
  }

  /** Gives everything that was received to `take`, as long as `wanted`. */
  read(wanted: () => boolean, take: (bytes: Uint8Array | "end") => void): void {
    this.driver.drivePeers((peers, now) => {
      while (wanted()) {
        const bytes = peers.readStream(this.peer, this.id, now)
        if (bytes === undefined) return
        if (bytes === "end") this.ended = true
        take(bytes)
      }
    })
  }

  write(bytes: Uint8Array): void {
    this.driver.drivePeers((peers, now) => {
      // Before the machine is drained: that may already tell that there is room again.
      if (peers.writeStream(this.peer, this.id, bytes, now) === false) this.writable = false
    })
  }

  finish(): void {
    this.finished = true
    this.driver.drivePeers((peers, now) => peers.finishStream(this.peer, this.id, now))
  }

  reset(code: number): void {
    this.driver.drivePeers((peers, now) => peers.resetStream(this.peer, this.id, code, now))
  }

  handle(event: PeerEvent & { readonly _tag: "StreamReadable" | "StreamWritable" | "StreamReset" }): void {
    if (event._tag === "StreamWritable") this.writable = true
    if (event._tag === "StreamReset") this.resetBy = event.code
    this.poke()
  }

  /** Something has happened that the fiber should look at. */
  poke(): void {
    this.isNews = true
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  /** Waits for news since the last wait. */
  readonly news: Effect.Effect<void> = Effect.async<void>((resume) => {
    const look = () => {
      this.isNews = false
      resume(Effect.void)
    }
    if (this.isNews) return look()
    this.waiting = look
    return Effect.sync(() => {
      if (this.waiting === look) this.waiting = undefined
    })
  })
}
