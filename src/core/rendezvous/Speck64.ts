/**
 * Speck64/128 (Beaulieu et al., "The SIMON and SPECK Families of Lightweight Block Ciphers", 2013; ISO/IEC 29167-22): a
 * permutation of 64-bit blocks under a 128-bit key, 27 rounds of three operations each. The libraries at hand have no
 * cipher of so small a block. It makes names that cannot be guessed; nothing that it hides is worth more than that.
 */
export class Speck64 {
  static readonly KEY_BYTES = 16
  readonly #roundKeys: Uint32Array

  /** `key`: 16 bytes, the words of the paper from the last to the first, big-endian each. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, Speck64.KEY_BYTES)
    const words = [view.getUint32(8), view.getUint32(4), view.getUint32(0)]
    let last = view.getUint32(12)
    const roundKeys = [last]
    for (let round = 0; round < ROUNDS - 1; round++) {
      const word = ((rotateRight(words[round]!, 8) + last) ^ round) >>> 0
      words.push(word)
      last = (rotateLeft(last, 3) ^ word) >>> 0
      roundKeys.push(last)
    }
    this.#roundKeys = Uint32Array.from(roundKeys)
  }

  /** A new block of 8 bytes. */
  encrypt(block: Uint8Array): Uint8Array {
    let x = wordAt(block, 0)
    let y = wordAt(block, 4)
    for (let round = 0; round < ROUNDS; round++) {
      x = ((rotateRight(x, 8) + y) ^ this.#roundKeys[round]!) >>> 0
      y = (rotateLeft(y, 3) ^ x) >>> 0
    }
    return blockOf(x, y)
  }

  /** The inverse of `encrypt`. */
  decrypt(block: Uint8Array): Uint8Array {
    let x = wordAt(block, 0)
    let y = wordAt(block, 4)
    for (let round = ROUNDS - 1; round >= 0; round--) {
      y = rotateRight(x ^ y, 3)
      x = rotateLeft(((x ^ this.#roundKeys[round]!) >>> 0) - y, 8)
    }
    return blockOf(x, y)
  }
}

const ROUNDS = 27

/** Byte by byte: a `DataView` of a small array takes longer than all rounds. */
const wordAt = (block: Uint8Array, at: number): number =>
  ((block[at]! << 24) | (block[at + 1]! << 16) | (block[at + 2]! << 8) | block[at + 3]!) >>> 0

const blockOf = (x: number, y: number): Uint8Array =>
  Uint8Array.of(x >>> 24, x >>> 16, x >>> 8, x, y >>> 24, y >>> 16, y >>> 8, y)

const rotateRight = (word: number, bits: number): number => ((word >>> bits) | (word << (32 - bits))) >>> 0
const rotateLeft = (word: number, bits: number): number => ((word << bits) | (word >>> (32 - bits))) >>> 0
