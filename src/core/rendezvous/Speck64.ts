/**
 * Speck64/128 (Beaulieu et al., "The SIMON and SPECK Families of Lightweight Block Ciphers", 2013; ISO/IEC 29167-22): a
 * permutation of 64-bit blocks under a 128-bit key, 27 rounds of three operations each. The libraries at hand have no
 * cipher of so small a block. It makes names that cannot be guessed; nothing that it hides is worth more than that.
 */
export class Speck64 {
  static readonly KEY_BYTES = 16
  readonly #roundKeys: ReadonlyArray<number>

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
    this.#roundKeys = roundKeys
  }

  /** A new block of 8 bytes. */
  encrypt(block: Uint8Array): Uint8Array {
    const view = new DataView(block.buffer, block.byteOffset, 8)
    let [x, y] = [view.getUint32(0), view.getUint32(4)]
    for (const key of this.#roundKeys) {
      x = ((rotateRight(x, 8) + y) ^ key) >>> 0
      y = (rotateLeft(y, 3) ^ x) >>> 0
    }
    return blockOf(x, y)
  }

  /** The inverse of `encrypt`. */
  decrypt(block: Uint8Array): Uint8Array {
    const view = new DataView(block.buffer, block.byteOffset, 8)
    let [x, y] = [view.getUint32(0), view.getUint32(4)]
    for (let round = ROUNDS - 1; round >= 0; round--) {
      y = rotateRight(x ^ y, 3)
      x = rotateLeft(((x ^ this.#roundKeys[round]!) >>> 0) - y, 8)
    }
    return blockOf(x, y)
  }
}

const ROUNDS = 27

const blockOf = (x: number, y: number): Uint8Array => {
  const block = new Uint8Array(8)
  const view = new DataView(block.buffer)
  view.setUint32(0, x)
  view.setUint32(4, y)
  return block
}

const rotateRight = (word: number, bits: number): number => ((word >>> bits) | (word << (32 - bits))) >>> 0
const rotateLeft = (word: number, bits: number): number => ((word << bits) | (word >>> (32 - bits))) >>> 0
