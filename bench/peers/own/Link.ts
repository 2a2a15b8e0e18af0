import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import type { PeerId } from "../../../src/domain/PeerId.js"
import * as Host from "../../transport/Host.js"
import * as signal from "../signal.mjs"
import type { Line, Peer } from "./Peer.js"

/** Our peer link: the machine with its sockets, as `bench/transport` drives it, without server and journal. */

export const about = "parley, the peer link"

/** One program with its keys and its sockets, as the others have it, which many ask for. */
export const serve = async (host: string, onPeer: (peer: Peer) => void): Promise<unknown> => {
  const talks = new Map<PeerId, Talk>()
  const own = await Host.open({ address: host }, (event) => talks.get(event.peer)?.handle(event))
  return signal.listen(host, (line: Line) => {
    line.onValue((other: Host.Card) => {
      const talk = new Talk(other.identity)
      talk.host = own
      talks.set(other.identity, talk)
      own.drive((peers, now) => peers.admit(Host.introduction(other, other.identity), now))
      talk.onFirst = () => own.drive((peers, now) => peers.invite(Host.introduction(other, other.identity), now))
      onPeer(talk)
      line.send(own.card)
    })
  })
}

/** Keys and sockets, which a client has before it looks for somebody. */
export const prepare = async (_: unknown, host: string): Promise<unknown> => {
  const made: { own?: Host.Host; talk?: Talk } = {}
  made.own = await Host.open({ address: host }, (event) => made.talk?.handle(event))
  return made
}

export const connect = async (address: unknown, _: string, prepared: unknown): Promise<Peer> => {
  const made = prepared as { own: Host.Host; talk?: Talk }
  const line: Line = await signal.connect(address)
  const other = await new Promise<Host.Card>((resolve) => {
    line.onValue(resolve)
    line.send(made.own.card)
  })
  line.end()
  const talk = new Talk(other.identity)
  made.talk = talk
  talk.host = made.own
  const self = made.own.card.identity
  made.own.drive((peers, now) => peers.invite(Host.introduction(other, self), now))
  return talk
}

class Talk implements Peer {
  host: Host.Host | undefined
  onFirst: (() => void) | undefined
  #take: (text: string, length: number) => void = () => {}
  #room: (() => void) | undefined
  /** Said, and not taken yet. */
  #waiting: Array<string> = []
  /** Said, and not delivered. */
  #left = 0
  /** Shown, and not confirmed yet. */
  #shown: Array<MessageId> = []
  #isSaying = false
  #isConfirming = false
  #stream: number | undefined
  /** A piece that the stream had no room for. */
  #refused: Uint8Array | undefined

  constructor(private readonly other: PeerId) {}

  send(text: string): boolean {
    if (text.length > LARGEST) return this.#write(PIECE.subarray(0, text.length))
    this.#waiting.push(text)
    this.#left++
    if (!this.#isSaying) {
      this.#isSaying = true
      queueMicrotask(this.#say)
    }
    return this.#left < MOST
  }

  onRoom(run: () => void): void {
    this.#room = run
    this.#told()
  }

  onMessage(take: (text: string, length: number) => void): void {
    this.#take = take
  }

  async close(): Promise<void> {
    await this.host?.close()
  }

  handle(event: PeerEvent): void {
    switch (event._tag) {
      case "Message":
        this.onFirst?.()
        this.onFirst = undefined
        this.#shown.push(event.id)
        if (!this.#isConfirming) {
          this.#isConfirming = true
          setImmediate(this.#confirm)
        }
        this.#take(event.text, event.text.length)
        break
      case "Delivered":
        this.#left--
        if (this.#waiting.length > 0) this.#fill()
        this.#told()
        break
      case "Mutual":
        this.#fill()
        break
      case "StreamWritable":
        if (this.#refused !== undefined) this.#write(this.#refused)
        this.#told()
        break
      case "StreamReadable":
        this.host?.drive((peers, now) => {
          for (;;) {
            const data = peers.readStream(event.peer, event.stream, now)
            if (!(data instanceof Uint8Array)) return
            this.#take("B", data.length)
          }
        })
    }
  }

  /** What is said in one go leaves together, with what is to be confirmed. */
  readonly #say = (): void => {
    this.#isSaying = false
    this.#fill()
    this.#told()
  }

  /** Where nothing was said in this turn of the event loop. */
  readonly #confirm = (): void => {
    this.#isConfirming = false
    if (this.#shown.length > 0) this.#fill()
  }

  #fill(): void {
    this.host?.drive((peers, now) => {
      for (const id of this.#shown.splice(0)) peers.delivered(this.other, id, now)
      let taken = 0
      while (taken < this.#waiting.length && typeof peers.send(this.other, this.#waiting[taken]!, now) === "string")
        taken++
      this.#waiting = this.#waiting.slice(taken)
    })
  }

  #told(): void {
    if (this.#left >= MOST / 2 || this.#refused !== undefined) return
    const room = this.#room
    this.#room = undefined
    room?.()
  }

  /** On a stream, which is what large things take. */
  #write(piece: Uint8Array): boolean {
    return this.host!.drive((peers, now) => {
      if (this.#stream === undefined) {
        const opened = peers.openStream(this.other, now)
        if (typeof opened !== "number") throw new Error("no stream")
        this.#stream = opened
      }
      const isTaken = peers.writeStream(this.other, this.#stream, piece, now) === true
      this.#refused = isTaken ? undefined : piece
      return isTaken
    })
  }
}

const PIECE = new Uint8Array(64 * 1024)

/** Messages under way: what a program keeps that does not wait for each. */
const MOST = 4_096
/** Characters of a message; what is longer goes on a stream. */
const LARGEST = 1_024
