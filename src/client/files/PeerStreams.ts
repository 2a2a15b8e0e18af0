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
  readonly #reachable = new Set<PeerId>()
  readonly #waiting = new Map<PeerId, Set<() => void>>()

  constructor(
    private readonly driver: PeerDriver,
    private readonly on: {
      /** The peer began a stream. */
      readonly opened: (stream: PeerStream) => void
      /** Streams can be opened with this peer from now on. */
      readonly reachable: (peer: PeerId) => void
    }
  ) {}

  /** Passes on what the peer machine reports. */
  handle(event: PeerEvent): void {
    switch (event._tag) {
      case "Mutual": {
        this.#reachable.add(event.peer)
        const waiting = this.#waiting.get(event.peer) ?? []
        this.#waiting.delete(event.peer)
        for (const resume of waiting) resume()
        this.on.reachable(event.peer)
        return
      }
      case "Disconnected":
        this.lose(event.peer)
        return
      case "StreamOpened":
        this.on.opened(this.#add(event.peer, event.stream))
        return
      case "StreamReadable":
      case "StreamWritable":
      case "StreamReset":
      case "StreamResetConfirmed":
        this.peers.get(event.peer)?.get(event.stream)?.handle(event)
    }
  }

  /** The conversation is over on our side: what was open to this peer is gone. */
  lose(peer: PeerId): void {
    this.#reachable.delete(peer)
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
    return typeof id === "number" ? this.#add(peer, id) : undefined
  }

  /** Whether streams can be opened with this peer now. */
  isReachable(peer: PeerId): boolean {
    return this.#reachable.has(peer)
  }

  /** Nobody serves the stream any more. It stays known as long as our RESET of it is not confirmed. */
  remove(stream: PeerStream): void {
    if (stream.unconfirmed) {
      stream.onConfirmed = () => this.remove(stream)
      return
    }
    const streams = this.peers.get(stream.peer)
    if (streams?.get(stream.id) !== stream) return
    streams.delete(stream.id)
    if (streams.size === 0) this.peers.delete(stream.peer)
  }

  /** Waits until streams can be opened with this peer. */
  readonly untilReachable = (peer: PeerId): Effect.Effect<void> =>
    Effect.async<void>((resume) => {
      if (this.#reachable.has(peer)) return resume(Effect.void)
      const done = () => resume(Effect.void)
      const waiting = this.#waiting.get(peer) ?? new Set()
      this.#waiting.set(peer, waiting.add(done))
      return Effect.sync(() => {
        waiting.delete(done)
        if (waiting.size === 0 && this.#waiting.get(peer) === waiting) this.#waiting.delete(peer)
      })
    })

  #add(peer: PeerId, id: StreamId): PeerStream {
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
  /** Our RESET is known over there. */
  confirmed = false
  onConfirmed = () => {}
  /** Nobody serves it any more, though the fiber that did may not have noticed yet. */
  abandoned = false
  #finished = false
  #resetting = false
  readonly #watching = new Set<() => void>()
  #isNews = false
  #waiting: (() => void) | undefined

  constructor(
    private readonly driver: PeerDriver,
    readonly peer: PeerId,
    readonly id: StreamId
  ) {}

  /** Nothing can come, or be said, over this stream any more. */
  get over(): boolean {
    return (
      this.broken || this.abandoned || this.#resetting || this.resetBy !== undefined || (this.#finished && this.ended)
    )
  }

  /** Gives everything that was received to `take`, as long as `wanted`. */
  read(wanted: () => boolean, take: (bytes: Uint8Array | "end") => void): void {
    // The next connection numbers its streams anew: what has this number there is another one.
    if (this.broken) return
    this.driver.drivePeers((peers, now) => {
      while (wanted() && !this.broken) {
        const bytes = peers.readStream(this.peer, this.id, now)
        if (bytes === undefined) return
        if (bytes === "end") this.ended = true
        take(bytes)
      }
    })
    if (this.ended) this.#look()
  }

  write(bytes: Uint8Array): void {
    if (this.broken) return
    this.driver.drivePeers((peers, now) => {
      // Before the machine is drained: that may already tell that there is room again.
      if (peers.writeStream(this.peer, this.id, bytes, now) === false) this.writable = false
    })
  }

  finish(): void {
    if (this.#finished) return
    this.#finished = true
    if (this.broken) return
    this.driver.drivePeers((peers, now) => peers.finishStream(this.peer, this.id, now))
  }

  /** Our RESET is under way. */
  get unconfirmed(): boolean {
    return this.#resetting && !this.confirmed && !this.broken
  }

  reset(code: number): void {
    if (this.broken || this.#resetting || (this.over && !this.abandoned)) return
    this.#resetting = true
    this.driver.drivePeers((peers, now) => peers.resetStream(this.peer, this.id, code, now))
  }

  handle(
    event: PeerEvent & { readonly _tag: "StreamReadable" | "StreamWritable" | "StreamReset" | "StreamResetConfirmed" }
  ): void {
    if (event._tag === "StreamWritable") this.writable = true
    if (event._tag === "StreamReset") this.resetBy = event.code
    if (event._tag === "StreamResetConfirmed") {
      this.confirmed = true
      this.onConfirmed()
    }
    if (event._tag === "StreamReadable" && this.#finished) this.#lookForEnd()
    this.poke()
  }

  /** After our last word nothing matters but the end: a goodbye may follow before the fiber is there to see it. */
  #lookForEnd(): void {
    this.read(
      () => true,
      () => {}
    )
  }

  /** Something has happened that the fiber should look at. */
  poke(): void {
    this.#isNews = true
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
    this.#look()
  }

  #look(): void {
    for (const look of [...this.#watching]) look()
  }

  /** Waits until the other side has had our last word, or given the stream up itself, or until the connection broke. */
  readonly settled: Effect.Effect<"told" | "lost"> = Effect.async((resume) => {
    const look = () => {
      const told = this.confirmed || this.resetBy !== undefined || this.ended
      if (!told && !this.broken) return
      this.#watching.delete(look)
      resume(Effect.succeed(told ? "told" : "lost"))
    }
    this.#watching.add(look)
    look()
    return Effect.sync(() => this.#watching.delete(look))
  })

  /** Waits for the other side's end of a stream that nothing comes over. */
  readonly untilAnswered: Effect.Effect<void> = Effect.gen(this, function* () {
    while (true) {
      this.read(
        () => true,
        () => {}
      )
      if (this.over || this.ended) return
      yield* this.news
    }
  })

  /** Waits for news since the last wait. */
  readonly news: Effect.Effect<void> = Effect.async<void>((resume) => {
    const look = () => {
      this.#isNews = false
      resume(Effect.void)
    }
    if (this.#isNews) return look()
    this.#waiting = look
    return Effect.sync(() => {
      if (this.#waiting === look) this.#waiting = undefined
    })
  })
}
