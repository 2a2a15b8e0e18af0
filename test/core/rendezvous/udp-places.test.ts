import { expect, it } from "vitest"
import { meetingPlace } from "../../../src/core/rendezvous/Introduction.js"
import { placesOf, relayPortsOf } from "../../../src/core/rendezvous/UdpPlaces.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"

const address = (text: string) => Endpoint.make(text, 0)!

it("has all ports of an address, or the port that is named, and none where there is no UDP", () => {
  const two = [address("203.0.113.1"), address("2001:db8::1")]
  const places = placesOf(two, [9090, 9091])
  expect(places).toEqual(["203.0.113.1:9090", "203.0.113.1:9091", "[2001:db8::1]:9090", "[2001:db8::1]:9091"])
  expect(relayPortsOf(places)).toEqual(["203.0.113.1:9090", "[2001:db8::1]:9090"])
  const named = [Endpoint.parse("203.0.113.1:3478")!, Endpoint.parse("203.0.113.1:3479")!]
  expect(placesOf(named, [9090, 9091])).toEqual(["203.0.113.1:3478", "203.0.113.1:3479"])
  expect(placesOf(named, [])).toEqual([])
})

it("lets a channel meet at one node, the same whoever asks, and at either in its turn", () => {
  const a = { end: 5, at: ["203.0.113.1:9090"] }
  const b = { end: 0x0200_0005, at: ["203.0.113.2:9090"] }
  const channels = [..."ABCDEFGHabcdefgh01234567-_"]
  const met = channels.map((channel) => meetingPlace(channel, a, b))
  expect(channels.map((channel) => meetingPlace(channel, b, a))).toEqual(met)
  expect(new Set(met)).toEqual(new Set([a.at, b.at]))
  for (const channel of channels) {
    expect(meetingPlace(channel, { ...a, at: [] }, b)).toEqual(b.at)
    expect(meetingPlace(channel, a, { ...b, at: [] })).toEqual(a.at)
  }
})
