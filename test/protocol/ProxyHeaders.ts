import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Bytes from "../../src/protocol/Bytes.js"

/** Headers as proxies write them. */

const SIGNATURE = Bytes.fromHex("0d0a0d0a000d0a515549540a")!

/** Version 2: a command with its version, a family with its protocol, and what follows. */
export const binary = (command: number, family: number, body: Uint8Array): Uint8Array =>
  Bytes.concat([SIGNATURE, Uint8Array.of(command, family, body.length >> 8, body.length & 255), body])

/** Version 2, of a connection between these, which are of one family; `more` is what a proxy tells besides. */
export const binaryOf = (
  from: Endpoint.Endpoint,
  to: Endpoint.Endpoint,
  more: Uint8Array = new Uint8Array(0)
): Uint8Array =>
  binary(
    0x21,
    from.family === "ipv4" ? 0x11 : 0x21,
    Bytes.concat([Endpoint.toBytes(from), Endpoint.toBytes(to), port(from), port(to), more])
  )

/** Version 1. */
export const textOf = (from: Endpoint.Endpoint, to: Endpoint.Endpoint): Uint8Array =>
  Bytes.fromText(`PROXY TCP${from.family === "ipv4" ? 4 : 6} ${from.address} ${to.address} ${from.port} ${to.port}\r\n`)

const port = (endpoint: Endpoint.Endpoint): Uint8Array => Uint8Array.of(endpoint.port >> 8, endpoint.port & 255)
