import * as Endpoint from "../../domain/Endpoint.js"

/**
 * What Node reports of one end of a socket, as an endpoint. IPv4 seen through a dual-stack socket becomes plain IPv4.
 */
export const fromNode = (address: string | undefined, port: number | undefined): Endpoint.Endpoint | undefined => {
  if (address === undefined || port === undefined) return undefined
  const zone = address.indexOf("%")
  return Endpoint.make(zone < 0 ? address : address.slice(0, zone), port)
}

/** An end of a socket of the file system. */
export const HERE = Endpoint.make("127.0.0.1", 0)!

/** The same memory without `Buffer`'s own `slice` and `toString`, which differ from `Uint8Array`'s. */
export const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
