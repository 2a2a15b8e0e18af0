import { type Crypto, TAG_BYTES } from "../../../domain/Crypto.js"
import { HEADER_BYTES, writeHeader } from "../../../protocol/DataPacket.js"

/** The keys of one handshake. A connection lives through many; its packet counter runs on over all of them. */
export class Epoch {
  readonly #crypto: Crypto
  readonly #remoteIndex: number
  readonly #sendKey: Uint8Array
  readonly #receiveKey: Uint8Array
  /** Packets sealed with these keys. */
  sealed = 0

  constructor(
    crypto: Crypto,
    /** Chosen by us: what packets to us carry. */
    readonly localIndex: number,
    remoteIndex: number,
    sendKey: Uint8Array,
    receiveKey: Uint8Array,
    readonly createdAt: number,
    /** Whether we began the handshake, and so are the one to begin the next. */
    readonly initiator: boolean
  ) {
    this.#crypto = crypto
    this.#remoteIndex = remoteIndex
    this.#sendKey = sendKey
    this.#receiveKey = receiveKey
  }

  /**
   * Makes `packet`, which has frames between the room for its header and the room for its tag, a DATA packet. The
   * caller never uses a number twice.
   */
  seal(number: number, packet: Uint8Array): void {
    writeHeader(packet, this.#remoteIndex, number)
    const sealed = packet.subarray(HEADER_BYTES)
    const frames = packet.subarray(HEADER_BYTES, packet.length - TAG_BYTES)
    this.#crypto.seal(this.#sendKey, number, packet.subarray(0, HEADER_BYTES), frames, sealed)
    this.sealed++
  }

  /**
   * The frames of a DATA packet, opened where they are; `undefined`, with the packet spoilt, when it is not authentic.
   */
  open(number: number, packet: Uint8Array): Uint8Array | undefined {
    const header = packet.subarray(0, HEADER_BYTES)
    const frames = packet.subarray(HEADER_BYTES, packet.length - TAG_BYTES)
    return this.#crypto.open(this.#receiveKey, number, header, packet.subarray(HEADER_BYTES), frames)
      ? frames
      : undefined
  }

  wipe(): void {
    this.#crypto.wipe(this.#sendKey)
    this.#crypto.wipe(this.#receiveKey)
  }
}
