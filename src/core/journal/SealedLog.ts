import { type Crypto, KEY_BYTES, TAG_BYTES } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"

/**
 * A file that only grows, sealed at rest: `parley-journal-v1 LF | salt 32 | block ...`, a block being `length u32 |
 * sealed`, with the length as additional data and the block's number in the file, from 0, as nonce.
 *
 * No nonce is ever used twice: the key follows from the secret and the salt, the salt is drawn afresh for each file, a
 * file is written by one process alone, and that process numbers its blocks upwards. A later process reads the file and
 * begins another one.
 *
 * The end of a file may be torn by a crash during an append: a block that is not whole there counts as never written. A
 * block in the middle that is not authentic is left out, and reported as damage.
 */
export class SealedLogWriter {
  readonly #crypto: Crypto
  readonly #key: Uint8Array
  readonly #salt: Uint8Array
  #next = 0

  /** `salt` is `SALT_BYTES` fresh random bytes, used for this file and never again. */
  constructor(crypto: Crypto, secret: Uint8Array, salt: Uint8Array) {
    this.#crypto = crypto
    this.#salt = salt
    this.#key = keyOf(crypto, secret, salt)
  }

  /** What the file begins with. */
  header(): Uint8Array {
    return Bytes.concat([MAGIC, this.#salt])
  }

  /** The next block, to be appended in the order of the calls. `plaintext` has at most `MAX_BLOCK` bytes. */
  seal(plaintext: Uint8Array): Uint8Array {
    const block = new Uint8Array(plaintext.length + BLOCK_OVERHEAD)
    block.set(plaintext, LENGTH_BYTES)
    this.sealInPlace(block)
    return block
  }

  /** Makes that block of `block`, whose plaintext stands from `LENGTH_BYTES` on, with room for the tag behind it. */
  sealInPlace(block: Uint8Array): void {
    const plaintext = block.subarray(LENGTH_BYTES, block.length - TAG_BYTES)
    new Bytes.Writer(block).u32(block.length - LENGTH_BYTES)
    const sealed = block.subarray(LENGTH_BYTES)
    this.#crypto.seal(this.#key, this.#next++, block.subarray(0, LENGTH_BYTES), plaintext, sealed)
  }
}

export type LogContent =
  /** `damaged`: something in the file cannot be read, and a crash does not explain it. */
  | { readonly _tag: "Log"; readonly blocks: ReadonlyArray<Uint8Array>; readonly damaged: boolean }
  /** Not a journal, or one of a later version. */
  | { readonly _tag: "Foreign" }

/** Reads a file, whatever is in it. An empty file is an empty journal. */
export const read = (crypto: Crypto, secret: Uint8Array, file: Uint8Array): LogContent => {
  const steps = reading(crypto, secret, file)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** `read` in steps: a block each. */
export function* reading(
  crypto: Crypto,
  secret: Uint8Array,
  file: Uint8Array
): Generator<undefined, LogContent, undefined> {
  if (file.length === 0) return { _tag: "Log", blocks: [], damaged: false }
  const reader = new Bytes.Reader(file)
  if (!Bytes.equal(reader.bytes(Math.min(MAGIC.length, file.length)), MAGIC)) return { _tag: "Foreign" }
  const salt = reader.bytes(SALT_BYTES)
  if (reader.failed) return { _tag: "Log", blocks: [], damaged: true }
  const key = keyOf(crypto, secret, salt)
  const blocks: Array<Uint8Array> = []
  let damaged = false
  for (let number = 0; reader.remaining > 0; number++) {
    const head = reader.bytes(LENGTH_BYTES)
    const length = new Bytes.Reader(head).u32()
    // After a crash a file system may show zeros in place of an append that was not flushed.
    if (length === 0 || reader.remaining < length)
      return { _tag: "Log", blocks, damaged: damaged || length > MAX_SEALED }
    const block = new Uint8Array(length)
    if (length >= TAG_BYTES && crypto.open(key, number, head, reader.bytes(length), block))
      blocks.push(block.subarray(0, length - TAG_BYTES))
    else damaged = true
    yield
  }
  return { _tag: "Log", blocks, damaged }
}

const keyOf = (crypto: Crypto, secret: Uint8Array, salt: Uint8Array): Uint8Array =>
  crypto.hash(KEY_BYTES, [MAGIC, salt], secret)

export const SALT_BYTES = 32
/** Bytes of plaintext in a block: a batch of usual messages, or a few of the largest size. */
export const MAX_BLOCK = 256 * 1024

const MAX_SEALED = MAX_BLOCK + TAG_BYTES
/** Bytes of a block in front of what is sealed. */
export const LENGTH_BYTES = 4
/** Bytes of a block besides its plaintext. */
export const BLOCK_OVERHEAD = LENGTH_BYTES + TAG_BYTES
const MAGIC = Bytes.fromText("parley-journal-v1\n")
