import { encode } from "dns-packet"
import type { ResponsePacket } from "multicast-dns"
import { expect, it } from "vitest"
import { announced, isWhole } from "../../../src/layers/node/Announcements.js"

const SERVICE = "_parley._udp.local"
const instance = (name: string) => `${name}.${SERVICE}`
const response = (answers: ReadonlyArray<unknown>): ResponsePacket => ({ answers, additionals: [] }) as never
const ptr = (name: string, ttl: number | undefined = 120) => ({ name: SERVICE, type: "PTR", ttl, data: instance(name) })
const srv = (name: string, port: number) => ({ name: instance(name), type: "SRV", data: { port, target: "x" } })

it("an announcement is a name of ours with a port, or one that is taken back", () => {
  expect(announced(response([ptr("a"), ptr("b"), srv("a", 7), srv("a", 8), ptr("c", 0)]))).toEqual([
    { name: "a", port: 7, ttl: 120 },
    { name: "c", port: 0, ttl: 0 }
  ])
  expect(announced(response([ptr("A", 1e9), srv("a", 7)]))).toEqual([{ name: "a", port: 7, ttl: 86_400 }])
  expect(
    announced(response([ptr("not a name"), srv("not a name", 7), { ...ptr("d"), name: "_other._udp.local" }]))
  ).toEqual([])
})

it("the records of a response are looked at a few times each, however many there are", () => {
  let looks = 0
  const counted = (record: object) =>
    new Proxy(record, {
      get: (of, key) => {
        looks++
        return Reflect.get(of, key)
      }
    })
  const many = Array.from({ length: 2_000 }, (_, i) => [ptr(`n${i}`), srv(`n${1_999 - i}`, 1 + i)]).flat()
  expect(announced(response(many.map(counted)))).toHaveLength(2_000)
  expect(looks).toBeLessThan(10 * many.length)
})

it("a message that counts more records than it has bytes for is not read", () => {
  const question = encode({ type: "query", questions: [{ name: ".", type: "PTR" }] })
  const shortest = encode({ type: "response", answers: [{ name: ".", type: "NULL", data: Buffer.alloc(0) }] })
  const usual = encode({ type: "response", answers: [{ name: SERVICE, type: "PTR", ttl: 120, data: instance("a") }] })
  for (const message of [question, shortest, usual]) {
    expect(isWhole(message)).toBe(true)
    expect(isWhole(message.subarray(0, 11))).toBe(false)
    for (const count of [4, 6, 8, 10]) {
      const claiming = new Uint8Array(message)
      new DataView(claiming.buffer).setUint16(count, 65_000)
      expect(isWhole(claiming)).toBe(false)
    }
  }
})
