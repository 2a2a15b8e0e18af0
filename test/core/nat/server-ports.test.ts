import { expect, it } from "vitest"
import { portsOf } from "../../../src/core/nat/ServerPorts.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"

const LINK = Endpoint.parse("203.0.113.1:443")!
const ports = (udpAt?: ReadonlyArray<string>, link = LINK) =>
  portsOf({ udp: [9090, 9091], udpAt }, link).map(Endpoint.format)

it("are those numbers at the address that the link goes to, unless the server says where they are", () => {
  expect(ports()).toEqual(["203.0.113.1:9090", "203.0.113.1:9091"])
  const four = ["198.51.100.1:9090", "198.51.100.1:9091"]
  const six = ["[2001:db8::1]:9090", "[2001:db8::1]:9091"]
  expect(ports([...six, ...four])).toEqual([...four, ...six])
  expect(ports([...four, ...six], Endpoint.parse("[2001:db8::9]:443")!)).toEqual([...six, ...four])
  expect(ports(six)).toEqual(six)
  expect(ports([...four, "198.51.100.1:9092"])).toEqual(four)
})

it("are none that no server can have, and never the address of the link instead", () => {
  expect(ports([])).toEqual([])
  expect(portsOf({ udp: [0, 9090, 65_536, -1] }, LINK).map(Endpoint.format)).toEqual(["203.0.113.1:9090"])
  expect(
    ports(["127.0.0.1:9090", "0.0.0.0:9090", "255.255.255.255:9090", "chat.example.org:9090", "198.51.100.1:0"])
  ).toEqual([])
  expect(ports(["127.0.0.1:9090"], Endpoint.parse("127.0.0.1:443")!)).toEqual(["127.0.0.1:9090"])
})
