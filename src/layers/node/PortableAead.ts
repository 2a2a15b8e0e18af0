import { createCipheriv, createDecipheriv } from "node:crypto"
import type { Crypto } from "../../domain/Crypto.js"
import { TAG_BYTES } from "../../domain/Crypto.js"

/** ChaCha20-Poly1305 of Node's own OpenSSL, as `Crypto` describes it. */

export const seal: Crypto["seal"] = (key, counter, additional, plaintext, out) => {
  const cipher = createCipheriv("chacha20-poly1305", key, nonceOf(counter), OPTIONS)
  cipher.setAAD(additional, { plaintextLength: plaintext.length })
  const { length } = plaintext
  out.set(cipher.update(plaintext))
  cipher.final()
  out.set(cipher.getAuthTag(), length)
}

export const open: Crypto["open"] = (key, counter, additional, ciphertext, out) => {
  const length = ciphertext.length - TAG_BYTES
  if (length < 0) return false
  const decipher = createDecipheriv("chacha20-poly1305", key, nonceOf(counter), OPTIONS)
  decipher.setAAD(additional, { plaintextLength: length })
  decipher.setAuthTag(ciphertext.subarray(length))
  const opened = decipher.update(ciphertext.subarray(0, length))
  try {
    decipher.final()
  } catch {
    return false
  }
  out.set(opened)
  return true
}

const OPTIONS = { authTagLength: TAG_BYTES } as const

const nonceOf = (counter: number): Uint8Array => {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setUint32(4, counter % 0x1_0000_0000, true)
  view.setUint32(8, Math.floor(counter / 0x1_0000_0000), true)
  return nonce
}
