import * as ServerName from "../../domain/ServerName.js"
import { DialError, type DialOptions } from "../../services/Dialer.js"
import { codeOf, describe, LOOKUP_CODES } from "./Errno.js"

/** A failed attempt to connect as the service's error. */
export const fromCause = (options: DialOptions, cause: unknown): DialError => {
  const codes = codesOf(cause)
  if (options.socket !== undefined) return ofSocket(options.socket, codes[0]!, cause)
  const where = ServerName.shown(options.host, options.port)
  if (codes.some((code) => LOOKUP_CODES.has(code))) {
    return new DialError({ reason: "HostNotFound", message: `no address is known for the host ${options.host}`, cause })
  }
  // Of several addresses the one that answered tells most: a refusal before silence before no way there.
  if (codes.includes("ECONNREFUSED")) {
    return new DialError({ reason: "Refused", message: `nobody is listening at ${where}`, cause })
  }
  if (codes.includes("ETIMEDOUT")) {
    return new DialError({ reason: "TimedOut", message: `no answer from ${where}`, cause })
  }
  if (codes.some((code) => UNREACHABLE_CODES.has(code))) {
    return new DialError({
      reason: "Unreachable",
      message: `there is no way to ${where} from this machine's networks (${codes[0]})`,
      cause
    })
  }
  const zone = /%(.*)$/.exec(options.host)?.[1]
  if (zone !== undefined && codes.includes("EINVAL")) {
    const message = `there is no way to ${where}: this machine has no network interface ${zone}`
    return new DialError({ reason: "Unreachable", message, cause })
  }
  return new DialError({ reason: "Other", message: `cannot connect to ${where}: ${describe(cause)}`, cause })
}

const ofSocket = (path: string, code: string, cause: unknown): DialError => {
  if (code === "ENOENT" || code === "ECONNREFUSED")
    return new DialError({ reason: "Refused", message: `nobody is listening at ${path}`, cause })
  const why = code === "EACCES" || code === "EPERM" ? "it is for the user alone who runs the server" : describe(cause)
  return new DialError({ reason: "Other", message: `cannot connect to ${path}: ${why}`, cause })
}

/** A handshake of TLS that came to nothing. */
export const withoutTls = (options: DialOptions, cause: unknown): DialError => {
  const where = ServerName.shown(options.host, options.port)
  const code = codeOf(cause)
  const message = NOT_TLS.has(code)
    ? `${where} does not speak TLS`
    : OLD_TLS.has(code)
      ? `${where} does not speak TLS 1.3`
      : `no encrypted connection to ${where} (${describe(cause)})`
  return new DialError({ reason: "NoTls", message, cause })
}

/** What OpenSSL makes of a greeting in plain text. */
const NOT_TLS: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_UNEXPECTED_MESSAGE"
])

const OLD_TLS: ReadonlySet<string> = new Set(["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "ERR_SSL_UNSUPPORTED_PROTOCOL"])

const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETDOWN",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT"
])

/** A dial to several addresses fails with all their errors at once. */
const codesOf = (cause: unknown): ReadonlyArray<string> =>
  cause instanceof AggregateError ? cause.errors.map(codeOf) : [codeOf(cause)]
