import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as SealedFile from "./SealedFile.js"

/**
 * How something is kept as a file of JSON: sealed, so that without the identity nobody reads it, and nobody changes it
 * unnoticed. `secret` is of this kind of file, `salt` `SealedFile.SALT_BYTES` fresh random bytes.
 */
export interface SealedJson<A> {
  readonly encode: (crypto: Crypto, secret: Uint8Array, salt: Uint8Array, value: A) => Uint8Array
  /** `undefined` when it is not what `encode` made with this secret. */
  readonly decode: (crypto: Crypto, secret: Uint8Array, file: Uint8Array) => A | undefined
}

/** `magic` is what files of this kind begin with; `fromText` judges what `toText` wrote. */
export const make = <A>(
  magic: string,
  text: { readonly toText: (value: A) => string; readonly fromText: (text: string) => A | undefined }
): SealedJson<A> => {
  const head = Bytes.fromText(magic)
  return {
    encode: (crypto, secret, salt, value) =>
      SealedFile.seal({ crypto, magic: head, salt, secret }, Bytes.fromText(text.toText(value))),
    decode: (crypto, secret, file) => {
      const content = SealedFile.open({ crypto, magic: head, secret }, file)
      return content && text.fromText(Bytes.toText(content) ?? "")
    }
  }
}
