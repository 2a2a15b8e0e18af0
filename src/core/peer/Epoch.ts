import { type Crypto, TAG_BYTES } from "../../domain/Crypto.js"
import { HEADER_BYTES, writeHeader } from "../../protocol/DataPacket.js"

/** The keys of one handshake. A connection lives through many; its packet counter runs on over all of them. */
export class Epoch {
  /** Packets sealed with these keys. */
  sealed = 0

  constructor(
    private readonly crypto: Crypto,
    /** Chosen by us: what packets to us carry. */
    readonly localIndex: number,
    private readonly remoteIndex: number,
    private readonly sendKey: Uint8Array,
    private readonly receiveKey: Uint8Array,
    readonly createdAt: number,
    /** Whether we began the handshake, and so are the one to begin the next. */
    readonly initiator: boolean
  ) {}

  /** A DATA packet around `frames`. The caller never uses a number twice. */
  seal(number: number, frames: Uint8Array): Uint8Array {
    const packet = new Uint8Array(HEADER_BYTES + frames.length + TAG_BYTES)
    writeHeader(packet, this.remoteIndex, number)
    this.crypto.seal(this.sendKey, number, packet.subarray(0, HEADER_BYTES), frames, packet.subarray(HEADER_BYTES))
    this.sealed++
    return packet
  }

  /** The frames of a DATA packet, written to the start of `scratch`; `undefined` when it is not authentic. */
  open(number: number, packet: Uint8Array, scratch: Uint8Array): Uint8Array | undefined {
    const frames = scratch.subarray(0, packet.length - HEADER_BYTES - TAG_BYTES)
    const header = packet.subarray(0, HEADER_BYTES)
    return this.crypto.open(this.receiveKey, number, header, packet.subarray(HEADER_BYTES), frames) ? frames : undefined
  }

  wipe(): void {
    this.crypto.wipe(this.sendKey)
    this.crypto.wipe(this.receiveKey)
  }
}
