import { type Crypto, TAG_BYTES } from "../../../domain/Crypto.js"
import { HEADER_BYTES, writeHeader } from "../../../protocol/DataPacket.js"

/**
 * The keys that one handshake has made. A connection has several epochs in its life, and its packet counter runs on
 * through all of them.
 */
export class Epoch {
  readonly #crypto: Crypto
  readonly #remoteIndex: number
  readonly #sendKey: Uint8Array
  readonly #receiveKey: Uint8Array
  /** Packets sealed with these keys. */
  sealed = 0

  constructor(
    crypto: Crypto,
    /** The index that packets to us carry; we have chosen it. */
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
   * Makes a DATA packet of `packet`, in which the frames stand between room for the header and room for the tag. The
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
   * Opens a DATA packet in place and gives its frames. When it is not authentic it gives `undefined`, and the packet's
   * bytes are spoilt.
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
