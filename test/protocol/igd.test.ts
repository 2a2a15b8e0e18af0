import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Igd from "../../src/protocol/Igd.js"

const SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"
const PAGE = { at: { family: "ipv4", address: "192.168.1.1", port: 5_000 }, path: "/desc.xml" } as const
const found = (...headers: ReadonlyArray<string>) =>
  Igd.locationOf(Bytes.fromText(["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n")))
const ST = "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1"

const service = (type: string, control: string) =>
  `<service>\n <serviceType>${type}</serviceType>\n <controlURL>${control}</controlURL>\n</service>`

describe("UPnP", () => {
  it("is told by a router where it describes itself", () => {
    expect(found(ST, "LOCATION: http://192.168.1.1:5000/desc.xml")).toEqual(PAGE)
    expect(found("st:urn:schemas-upnp-org:device:InternetGatewayDevice:2", "Location:http://192.168.1.1/a?b")).toEqual({
      at: { family: "ipv4", address: "192.168.1.1", port: 80 },
      path: "/a?b"
    })
  })

  it("takes nothing else for an answer to a search", () => {
    for (const headers of [
      [],
      [ST],
      ["LOCATION: http://192.168.1.1/"],
      ["ST: upnp:rootdevice", "LOCATION: http://192.168.1.1/"],
      [ST, "LOCATION: https://192.168.1.1/"],
      [ST, "LOCATION: http://router.example/"],
      [ST, `LOCATION: http://192.168.1.1/${"x".repeat(2_000)}`]
    ])
      expect(found(...headers)).toBeUndefined()
    expect(Igd.locationOf(Igd.searches()[0]!)).toBeUndefined()
  })

  it("finds what forwards ports, the newest first, however it is named", () => {
    const text = [
      service("urn:schemas-upnp-org:service:Layer3Forwarding:1", "/l3"),
      service("urn:schemas-upnp-org:service:WANPPPConnection:1", "ppp"),
      service(SERVICE, "/ctl?a=1&amp;b=2"),
      service("urn:schemas-upnp-org:service:WANIPConnection:2", "http://192.168.1.1:5001/two"),
      service(SERVICE, "https://192.168.1.1/"),
      "<service><serviceType>"
    ].join("")
    const paths = Igd.servicesOf(text, PAGE).map(({ page }) => `${page.at.port}${page.path}`)
    expect(paths).toEqual(["5001/two", "5000/ctl?a=1&b=2", "5000/ppp"])
    const based = Igd.servicesOf(`<URLBase>http://192.168.1.1:49152/x/</URLBase>${service(SERVICE, "ctl")}`, PAGE)
    expect(based.map(({ page }) => `${page.at.port}${page.path}`)).toEqual(["49152/x/ctl"])
  })

  it("reads addresses and refusals, with attributes too", () => {
    const answer = (value: string) =>
      `<NewExternalIPAddress xmlns:dt="urn:x" dt:dt="string">${value}</NewExternalIPAddress>`
    expect(Igd.externalOf(answer(" 198.51.100.7 "), 80)).toEqual({ family: "ipv4", address: "198.51.100.7", port: 80 })
    for (const value of ["", "0", "2001:db8::1", "router"]) expect(Igd.externalOf(answer(value), 80)).toBeUndefined()
    expect(Igd.externalOf("<NewExternalIPAddresses>198.51.100.7</NewExternalIPAddresses>", 80)).toBeUndefined()
    expect(Igd.faultOf("<errorCode>718</errorCode>")).toBe(718)
    expect(Igd.faultOf("<errorCode>many</errorCode>")).toBe(0)
  })

  it("survives any text", () => {
    const part = fc.constantFrom("<service>", "</service>", "<serviceType>", SERVICE, "<controlURL>", "/", "&amp;", ">")
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string())), (parts) => {
        const text = parts.join("")
        void Igd.servicesOf(text, PAGE)
        void Igd.externalOf(text, 1)
        void Igd.locationOf(Bytes.fromText(text))
      })
    )
  })
})
