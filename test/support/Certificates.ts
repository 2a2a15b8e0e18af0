import { readFileSync } from "node:fs"
import type { TlsCredentials } from "../../src/services/Listener.js"

/**
 * Certificates for tests, good for a hundred years, each for the loopback addresses, `localhost` and (those that are
 * signed by themselves) `chat.example.org`. The authority's own key was thrown away.
 */
const read = (name: string): string => readFileSync(new URL(`tls/${name}`, import.meta.url), "utf8")

const credentials = (certificate: string, key: string): TlsCredentials => ({
  certificate: read(`${certificate}.pem`),
  privateKey: read(`${key}.key`)
})

/** Signed by themselves. */
export const own = credentials("own", "own")
export const other = credentials("other", "other")
/** Signed by `authority`; `astray` for another name. */
export const signed = credentials("signed", "signed")
export const astray = credentials("astray", "signed")
export const authority = read("authority.pem")

/** Of `own`: `openssl x509 -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`. */
export const OWN_KEY = "SHA256:YUgG5Op0o5l75IR3OyQjn3shQQpHHggqFP0fBRvaIYg"
