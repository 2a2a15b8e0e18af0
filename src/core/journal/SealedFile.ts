import { type Crypto, KEY_BYTES, TAG_BYTES } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"

/**
 * A file that is always replaced whole, sealed at rest: `magic | salt 32 | sealed content`. The key follows from a
 * secret, the magic and the salt, which is drawn afresh for each writing, so no key seals twice. What was changed or
 * cut short anywhere does not open; that a whole older file was put back cannot be seen.
 */
export const seal = (
  { crypto, magic, salt, secret }: Sealing & { readonly salt: Uint8Array },
  content: Uint8Array
): Uint8Array => {
  const file = new Uint8Array(magic.length + SALT_BYTES + content.length + TAG_BYTES)
  file.set(magic)
  file.set(salt, magic.length)
  const head = magic.length + SALT_BYTES
  crypto.seal(keyOf(crypto, magic, salt, secret), 0, file.subarray(0, head), content, file.subarray(head))
  return file
}

/** The content of a file that `seal` made with this secret; `undefined` for any other file. */
export const open = ({ crypto, magic, secret }: Sealing, file: Uint8Array): Uint8Array | undefined => {
  const head = magic.length + SALT_BYTES
  if (file.length < head + TAG_BYTES || !Bytes.equal(file.subarray(0, magic.length), magic)) return undefined
  const sealed = file.subarray(head)
  const content = new Uint8Array(sealed.length)
  const key = keyOf(crypto, magic, file.subarray(magic.length, head), secret)
  return crypto.open(key, 0, file.subarray(0, head), sealed, content)
    ? content.subarray(0, sealed.length - TAG_BYTES)
    : undefined
}

export interface Sealing {
  readonly crypto: Crypto
  /** What files of this kind begin with. */
  readonly magic: Uint8Array
  /** 16 to 64 secret bytes. */
  readonly secret: Uint8Array
}

/** Fresh random bytes for each writing. */
export const SALT_BYTES = 32

const keyOf = (crypto: Crypto, magic: Uint8Array, salt: Uint8Array, secret: Uint8Array): Uint8Array =>
  crypto.hash(KEY_BYTES, [magic, salt], secret)
