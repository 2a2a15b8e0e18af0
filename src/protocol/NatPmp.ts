import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/** NAT-PMP (RFC 6886), as far as one forwarded UDP port needs it: the requests to a router, and its answers. */
export type Answer =
  | { readonly _tag: "Address"; readonly result: number; readonly address: string }
  | {
      readonly _tag: "Mapping"
      readonly result: number
      readonly internal: number
      readonly external: number
      /** Seconds; 0 in the answer to a deletion. */
      readonly lifetime: number
    }

/** §3: the port of the router that answers. */
export const PORT = 5351

/** §3.5: the result code of success; any other one is a refusal. */
export const SUCCESS = 0

/** §3.5: the result code for a request of a version that the router does not speak, such as PCP's. */
export const UNSUPPORTED_VERSION = 1

/** §3.2: asks for the external address of the router. */
export const addressRequest = (): Uint8Array => new Uint8Array([VERSION, EXTERNAL_ADDRESS])

/**
 * §3.3: asks to forward a UDP port to the machine that asks, for `lifetime` seconds. The external port is a suggestion;
 * 0 leaves it to the router.
 */
export const mappingRequest = (internal: number, external: number, lifetime: number): Uint8Array => {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  bytes[1] = MAP_UDP
  view.setUint16(4, internal)
  view.setUint16(6, external)
  view.setUint32(8, lifetime)
  return bytes
}

/** §3.4: asks to delete the mapping. */
export const deletionRequest = (internal: number): Uint8Array => mappingRequest(internal, 0, 0)

/** An answer to one of these requests; `undefined` for anything else. A refusal holds nothing but its result (§3.5). */
export const decode = (bytes: Uint8Array): Answer | undefined => {
  if (bytes.length > MAX_ANSWER) return undefined
  const reader = new Bytes.Reader(bytes)
  if (reader.u8() !== VERSION) return undefined
  const operation = reader.u8()
  const result = reader.u16()
  // Seconds since the router started: needed only to notice that a mapping kept for hours was lost.
  reader.u32()
  if (reader.failed) return undefined
  switch (operation) {
    case ANSWER | EXTERNAL_ADDRESS: {
      if (result !== SUCCESS) return { _tag: "Address", result, address: "" }
      const endpoint = Endpoint.fromBytes(Bytes.copy(reader.bytes(4)), 0)
      return reader.failed || endpoint === undefined
        ? undefined
        : { _tag: "Address", result, address: endpoint.address }
    }
    case ANSWER | MAP_UDP: {
      if (result !== SUCCESS) return { _tag: "Mapping", result, internal: 0, external: 0, lifetime: 0 }
      const mapping = { internal: reader.u16(), external: reader.u16(), lifetime: reader.u32() }
      return reader.failed ? undefined : { _tag: "Mapping", result, ...mapping }
    }
    default:
      return undefined
  }
}

const VERSION = 0
const EXTERNAL_ADDRESS = 0
const MAP_UDP = 1
const ANSWER = 128

/**
 * Bytes of an answer: by §3.5 none is longer than 16, but PCP routers may add to it. A real one is far shorter than
 * this.
 */
const MAX_ANSWER = 1_100
