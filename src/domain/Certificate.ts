/**
 * What a server shows of itself when a link to it is encrypted (TLS 1.3).
 *
 * @since 0.1.0
 */
export interface Certificate {
  /** The server's public key, which it has proven to hold. */
  readonly key: ServerKey
  /** Why no authority that this machine trusts vouches for the name dialled, half a sentence; `undefined`: one does. */
  readonly problem: string | undefined
}

/**
 * `SHA256:` and the unpadded base64 of the SHA-256 of a certificate's SubjectPublicKeyInfo in DER, as ssh writes its
 * keys: a new certificate for the same key leaves it as it is.
 */
export type ServerKey = string

export const isServerKey = (text: string): text is ServerKey => SERVER_KEY.test(text)

const SERVER_KEY = /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/
