import * as Endpoint from "./Endpoint.js"

/** A block of addresses, as `192.0.2.0/24` and `2001:db8::/32` name them. */
export interface Cidr {
  /** The bytes of its lowest address: 4 or 16. */
  readonly network: Uint8Array
  /** How many leading bits all its addresses share. */
  readonly bits: number
}

/** The block of this text; a lone address is the block of itself. `undefined` for anything else. */
export const parse = (text: string): Cidr | undefined => {
  const [address, length, ...rest] = text.split("/")
  const endpoint = Endpoint.make(address ?? "", 0)
  if (endpoint === undefined || rest.length > 0 || !/^(?:[0-9]{1,3})?$/.test(length ?? "")) return undefined
  const network = Endpoint.toBytes(endpoint)
  const bits = length === undefined ? network.length * 8 : length === "" ? Number.NaN : Number(length)
  return bits <= network.length * 8 ? { network, bits } : undefined
}

/** The blocks of those texts that are some. */
export const parseAll = (texts: ReadonlyArray<string>): ReadonlyArray<Cidr> =>
  texts.flatMap((text) => parse(text) ?? [])

/** Whether the address, 4 or 16 bytes, is in the block. */
export const contains = ({ bits, network }: Cidr, address: Uint8Array): boolean => {
  if (address.length !== network.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== network[i]) return false
  const rest = bits & 7
  return rest === 0 || (address[whole]! ^ network[whole]!) >> (8 - rest) === 0
}

/** The block of so many leading bits (whole bytes) that the address is in, as `parse` reads it. */
export const around = (endpoint: Endpoint.Endpoint, bits: number): string => {
  const lowest = Endpoint.toBytes(endpoint).fill(0, bits / 8)
  return `${Endpoint.fromBytes(lowest, 0)?.address}/${bits}`
}
