/** What a proxy sends ahead (the PROXY protocol, version 2) for a client at this IPv4 address. */
export const proxyHeader = (address: string, more: Uint8Array = new Uint8Array(0)): Buffer => {
  const from = Buffer.from(address.split(".").map(Number))
  const body = Buffer.concat([from, Buffer.of(10, 0, 0, 1), Buffer.of(0x9c, 0x40, 0x23, 0x82), more])
  return Buffer.concat([SIGNATURE, Buffer.of(0x21, 0x11, body.length >> 8, body.length & 255), body])
}

/** With which such a header begins. */
export const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex")
