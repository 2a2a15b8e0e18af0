import { createHash, type KeyObject, X509Certificate } from "node:crypto"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import * as NodeTls from "node:tls"
import type { Certificate, ServerKey } from "../../domain/Certificate.js"
import { ALPN } from "../../protocol/WebLink.js"
import type { DialTls } from "../../services/Dialer.js"
import type { ShownCertificate, TlsCredentials } from "../../services/Listener.js"
import { plain } from "./Addresses.js"
import type { Open, Wire } from "./Connection.js"
import { codeOf, describe } from "./Errno.js"
import { RecordGate } from "./RecordGate.js"
import { openWeb } from "./WebWire.js"

/**
 * TLS over a TCP socket. Version 1.3 alone: whoever speaks parley was written after it, and its exporter, unlike that
 * of 1.2, needs no conditions. Loaded when it is asked for.
 */

const MIN_VERSION = "TLSv1.3"

/** As PKCS #8 and older files say of themselves. */
const ENCRYPTED = "ENCRYPTED"

/** What a listener encrypts with. Throws what people can read when it is no good. */
export interface Context {
  readonly secure: NodeTls.SecureContext
  readonly shown: ShownCertificate
}

export const contextOf = ({ certificate, privateKey }: TlsCredentials): Context => {
  if (privateKey.includes("ENCRYPTED")) throw Object.assign(new Error(ENCRYPTED), { code: ENCRYPTED })
  const leaf = new X509Certificate(certificate)
  const options = { cert: certificate, key: privateKey, minVersion: MIN_VERSION } as const
  const secure =
    secureWith(options, GROUPS_WITH_ML_KEM) ?? NodeTls.createSecureContext({ ...options, ecdhCurve: GROUPS })
  return { secure, shown: { key: keyOf(leaf.publicKey), expires: Date.parse(leaf.validTo) } }
}

/** `undefined`: this OpenSSL does not know one of the groups, or something else is wrong, which shows without them. */
const secureWith = (options: NodeTls.SecureContextOptions, groups: string): NodeTls.SecureContext | undefined => {
  try {
    return NodeTls.createSecureContext({ ...options, ecdhCurve: groups })
  } catch {
    return undefined
  }
}

/**
 * Groups of the key exchange that a client may choose: those that every client of TLS 1.3 has (RFC 8446, §9.1).
 * OpenSSL has others, and one handshake with ffdhe8192 takes 120 ms of the server's time.
 */
const GROUPS = "X25519:P-256"
/** From OpenSSL 3.5 on. It costs the server less than the signature. */
const GROUPS_WITH_ML_KEM = `X25519MLKEM768:${GROUPS}`

/** What is wrong with credentials, half a sentence. */
export const faultOf = (cause: unknown): string => FAULTS[codeOf(cause)] ?? `they cannot be used (${describe(cause)})`

const FAULTS: Readonly<Record<string, string>> = {
  ERR_OSSL_PEM_NO_START_LINE: "they are not PEM, which begins with -----BEGIN",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "they do not belong together",
  [ENCRYPTED]: "the key is encrypted, and nobody is here to type its password",
  ERR_OSSL_UNSUPPORTED: "they are not PEM, which begins with -----BEGIN"
}

/**
 * The accepted end: what is written waits for the handshake, and the handshake for its turn. `isWeb`: whoever comes
 * here wants a WebSocket; otherwise those who say that they speak HTTP (RFC 7301).
 */
export const accepted = (tcp: Net.Socket, context: () => Context, isWeb: boolean): Wire => {
  const gate = new RecordGate(tcp)
  let secured: NodeTls.TLSSocket | undefined
  const encrypt: Open = (use) => {
    const { secure } = context()
    const socket = new NodeTls.TLSSocket(gate, {
      isServer: true,
      secureContext: secure,
      requestCert: false,
      ALPNProtocols: [ALPN]
    })
    const destroy = () => tcp.destroy()
    // Whoever leaves in the middle of the handshake; later on `end` is for those who use it.
    socket.on("error", destroy).on("close", destroy).on("end", destroy)
    tcp.on("close", () => socket.destroy())
    socket.once("secure", () => {
      if (tcp.destroyed || socket.destroyed) return
      gate.secured()
      socket.off("end", destroy)
      secured = socket
      const begin = (stream: Duplex) => {
        use(stream)
        socket.on("data", () => gate.carried())
      }
      if (!isWeb && socket.alpnProtocol === false) begin(socket)
      else openWeb(socket, begin)
    })
    gate.admit()
  }
  return {
    tcp,
    socket: undefined,
    tls: { exporter: () => secured && exporterOf(secured) },
    gate,
    hello: (ready, pace) => gate.open(() => ready(encrypt), pace)
  }
}

/**
 * The dialled end, when the handshake is over; `fail` is called instead when there is none. Nothing is judged here: a
 * certificate that nobody vouches for is as good as another.
 */
export const dialled = (
  { isWeb, socket: bare, tcp }: { readonly socket: Duplex; readonly tcp: Net.Socket; readonly isWeb: boolean },
  host: string,
  { authorities }: DialTls,
  done: (wire: Wire) => void,
  fail: (cause: unknown) => void
): void => {
  const socket = NodeTls.connect({
    socket: bare,
    host,
    ...(isWeb ? { ALPNProtocols: [ALPN] } : {}),
    // A name alone may be told; of an address the other side needs no telling (RFC 6066 §3).
    ...(tcp.remoteAddress === undefined || isAddress(host) ? {} : { servername: host }),
    ...(authorities === undefined ? {} : { ca: authorities }),
    rejectUnauthorized: false,
    minVersion: MIN_VERSION
  })
  socket.once("error", fail)
  socket.once("secureConnect", () => {
    socket.off("error", fail)
    const exporter = exporterOf(socket)
    done({ socket, tcp, tls: { exporter: () => exporter, certificate: certificateOf(socket) } })
  })
}

const certificateOf = (socket: NodeTls.TLSSocket): Certificate => ({
  // With TLS 1.3 and a certificate, as every server has one, there is a key.
  key: keyOf(socket.getPeerX509Certificate()!.publicKey),
  problem: socket.authorized ? undefined : problemOf(socket.authorizationError)
})

/** Node gives the code as a text, whatever its type says. */
const problemOf = (cause: unknown): string => {
  const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause)
  return PROBLEMS[code] ?? `its certificate cannot be verified (${code})`
}

const PROBLEMS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by an authority that this machine does not know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is signed by an authority that this machine does not know",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; is this machine's clock right?",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name"
}

const keyOf = (key: KeyObject): ServerKey => {
  const spki = key.export({ type: "spki", format: "der" })
  return `SHA256:${createHash("sha256").update(spki).digest("base64").replace(/=+$/, "")}`
}

/** RFC 9266 §4. */
const exporterOf = (socket: NodeTls.TLSSocket): Uint8Array =>
  plain(socket.exportKeyingMaterial(EXPORTER_BYTES, "EXPORTER-Channel-Binding", Buffer.alloc(0)))

const EXPORTER_BYTES = 32

const isAddress = (host: string): boolean => host.includes(":") || /^[0-9.]+$/.test(host)
