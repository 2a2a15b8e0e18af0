import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Igd from "../../../src/protocol/Igd.js"
import type { Target } from "../Target.js"

const PAGE = { at: { family: "ipv4", address: "192.168.1.1", port: 80 }, path: "/" } as const
const WORDS = [
  "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: http://192.168.1.1/",
  "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>",
  "<controlURL>/a</controlURL></service>",
  "<NewExternalIPAddress>198.51.100.7</NewExternalIPAddress>",
  "<errorCode>718</errorCode>",
  "<URLBase>http://192.168.1.1/</URLBase>",
  "\r\n"
]

export const target: Target = {
  about: ["src/protocol/Igd.ts"],
  inputs: fc
    .array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 8 })), { maxLength: 8 })
    .map((parts) => Bytes.fromText(parts.join(""))),
  most: 4_000,
  run: (input) => {
    const text = Bytes.toText(input) ?? ""
    const page = Igd.locationOf(input)
    const services = Igd.servicesOf(text, PAGE)
    for (const { at } of [...services.map((service) => service.page), ...(page === undefined ? [] : [page])])
      assert.ok(at.port > 0 && at.port < 65_536, "a page has a port")
    const external = Igd.externalOf(text, 1)
    assert.ok(external === undefined || external.family === "ipv4")
    assert.ok(Number.isInteger(Igd.faultOf(text)))
    return [page && "location", services.length > 0 && "service", external && "external"].filter(
      (kind) => kind !== undefined && kind !== false
    )
  }
}
