import { CHANNEL_BYTES } from "../../domain/ChannelId.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import { Speck64 } from "./Speck64.js"

/**
 * The channels between pairs of connections. A pair has one, the same in both directions and for every introduction,
 * until either connection ends, or gets another number with another identity. Nothing of it is stored: the name is the
 * pair itself, two connection numbers sealed with a secret of this server, and key and tokens follow from the secret
 * and the pair. So no number of introductions costs memory or makes room at the cost of another pair.
 *
 * A name is a block of a 64-bit cipher, so it cannot be guessed from other names: only those who were told it can use
 * the relay between the two, and each shows a token of its own beside it.
 */
export class Channels {
  readonly #crypto: Crypto
  readonly #secret: Uint8Array
  readonly #cipher: Speck64
  /** What is hashed: the label, and the pair behind it. One piece of memory for all calls. */
  readonly #input = Bytes.concat([SECRETS_LABEL, new Uint8Array(CHANNEL_BYTES)])
  readonly #pair = this.#input.subarray(SECRETS_LABEL.length)
  readonly #view = new DataView(this.#pair.buffer, this.#pair.byteOffset)

  /** `secret`: 32 random bytes, made anew with each start. */
  constructor(crypto: Crypto, secret: Uint8Array) {
    this.#crypto = crypto
    this.#secret = secret
    this.#cipher = new Speck64(crypto.hash(Speck64.KEY_BYTES, [NAME_LABEL], secret))
  }

  /** The channel of these two connections as each of them has it. Numbers are whole, from 1 to 2^32 - 1. */
  between(left: number, right: number): { readonly left: Channel; readonly right: Channel } {
    const isLeftLow = left < right
    const secrets = isLeftLow ? this.secretsOf(left, right) : this.secretsOf(right, left)
    const channel = Bytes.toBase64Url(this.#cipher.encrypt(this.#pair))
    const pairKey = Bytes.toBase64Url(secrets.pairKey)
    const ofLow = { channel, pairKey, token: Bytes.toBase64Url(secrets.tokens[0]) }
    const ofHigh = { channel, pairKey, token: Bytes.toBase64Url(secrets.tokens[1]) }
    return isLeftLow ? { left: ofLow, right: ofHigh } : { left: ofHigh, right: ofLow }
  }

  /** The two numbers that a name of 8 bytes stands for, the lower first; any other 8 bytes stand for nobody. */
  pairOf(name: Uint8Array): readonly [number, number] | undefined {
    if (name.length !== CHANNEL_BYTES) return undefined
    const block = this.#cipher.decrypt(name)
    const view = new DataView(block.buffer, block.byteOffset)
    const [low, high] = [view.getUint32(0), view.getUint32(4)]
    return low < high ? [low, high] : undefined
  }

  /** What the two share, and what each of them shows to the relay. */
  secretsOf(low: number, high: number): { readonly pairKey: Uint8Array; readonly tokens: Tokens } {
    this.#view.setUint32(0, low)
    this.#view.setUint32(4, high)
    const bytes = this.#crypto.hash(PAIR_KEY_BYTES + 2 * TOKEN_BYTES, [this.#input], this.#secret)
    return {
      pairKey: bytes.slice(0, PAIR_KEY_BYTES),
      tokens: [bytes.slice(PAIR_KEY_BYTES, PAIR_KEY_BYTES + TOKEN_BYTES), bytes.slice(PAIR_KEY_BYTES + TOKEN_BYTES)]
    }
  }
}

/** What two connections share, as one of them has it; all base64url. */
export interface Channel {
  /** 8 bytes that name the pair. */
  readonly channel: string
  /** 32 bytes that only the pair and the server know. */
  readonly pairKey: string
  /** 8 bytes, this side's own: its datagrams to the relay show it. */
  readonly token: string
}

/** Of the lower number, and of the higher one. */
export type Tokens = readonly [Uint8Array, Uint8Array]

/** A BLAKE2b key of full strength. */
const PAIR_KEY_BYTES = 32
/** Of each side of a channel; guessing it gets nobody anything but a packet that the peers drop. */
const TOKEN_BYTES = 8
const NAME_LABEL = Bytes.fromText("parley channel name v1")
const SECRETS_LABEL = Bytes.fromText("parley channel secrets v1")
