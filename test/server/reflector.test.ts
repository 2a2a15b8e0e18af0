import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as NodeDatagrams from "../../src/layers/node/Datagrams.js"
import * as Stun from "../../src/protocol/Stun.js"
import * as Reflector from "../../src/server/Reflector.js"
import { type DatagramSocket, Datagrams, DatagramsError } from "../../src/services/Datagrams.js"
import { scopedLive } from "../support/Live.js"

const software = "parley/test"

/** A client's socket that asks for Binding responses and keeps every one. */
const client = (family: Endpoint.Family, address: string) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const waiting: Array<(answer: { readonly from: Endpoint.Endpoint; readonly message: Stun.Message }) => void> = []
    const socket: DatagramSocket = yield* datagrams.bind({
      family,
      address,
      port: 0,
      onDatagram: (from, data) => waiting.shift()?.({ from, message: Stun.decode(data)! })
    })
    const ask = (to: Endpoint.Endpoint, attributes: Stun.Attributes = {}) =>
      Effect.async<{ readonly from: Endpoint.Endpoint; readonly message: Stun.Message }>((resume) => {
        waiting.push((answer) => resume(Effect.succeed(answer)))
        const transactionId = Uint8Array.from({ length: 12 }, (_, index) => index)
        const message = {
          class: "request",
          method: Stun.BINDING,
          transactionId,
          attributes,
          fingerprint: true
        } as const
        socket.send(to, Stun.encode(message)!)
      })
    return { socket, ask }
  })

const endpoint = (address: string, port: number): Endpoint.Endpoint => Endpoint.make(address, port)!

const scoped = scopedLive(NodeDatagrams.layer)

describe("server/Reflector on loopback", () => {
  scoped("answers on two neighbouring ports over IPv4 and IPv6, and counts", () =>
    Effect.gen(function* () {
      const reflector = yield* Reflector.make({ port: 0, software })
      expect(reflector.local).toHaveLength(4)
      expect(new Set(reflector.local.map(({ port }) => port))).toEqual(new Set(reflector.ports))
      for (const [family, address] of [
        ["ipv4", "127.0.0.1"],
        ["ipv6", "::1"]
      ] as const) {
        const { ask, socket } = yield* client(family, address)
        for (const port of reflector.ports) {
          const { from, message } = yield* ask(endpoint(address, port))
          expect(from).toEqual(endpoint(address, port))
          expect(message.attributes.xorMappedAddress).toEqual(socket.local)
        }
        const [first, second] = reflector.ports
        const changed = yield* ask(endpoint(address, first), { changeRequest: { address: false, port: true } })
        expect(changed.from).toEqual(endpoint(address, second))
      }
      expect(reflector.stats()).toEqual({ answered: 6, refused: 0, limited: 0, ignored: 0 })
    })
  )

  scoped("answers from the second address with the origin and the other address", () =>
    Effect.gen(function* () {
      const reflector = yield* Reflector.make({
        port: 0,
        software,
        addresses: [{ bind: "127.0.0.1" }, { bind: "127.0.0.2", public: "203.0.113.2" }]
      })
      const [first, second] = reflector.ports
      const { ask, socket } = yield* client("ipv4", "127.0.0.1")
      const plain = yield* ask(endpoint("127.0.0.1", first))
      expect(plain.message.attributes).toMatchObject({
        xorMappedAddress: socket.local,
        responseOrigin: endpoint("127.0.0.1", first),
        otherAddress: endpoint("203.0.113.2", second)
      })
      const changed = yield* ask(endpoint("127.0.0.1", first), { changeRequest: { address: true, port: true } })
      expect(changed.from).toEqual(endpoint("127.0.0.2", second))
    })
  )

  scoped("takes the number after the first one, or any other when that is taken", () =>
    Effect.gen(function* () {
      const datagrams = yield* Datagrams
      const bind = (port: number) =>
        datagrams.bind({ family: "ipv4", address: "127.0.0.1", port, onDatagram: () => {} })
      const addresses = [{ bind: "127.0.0.1" }]
      // The first port is whatever the system gives, so its neighbour may belong to a stranger: then it is taken,
      // too.
      const probe = yield* Effect.scoped(Effect.map(bind(0), ({ local }) => local.port))
      yield* Effect.either(bind(probe + 1))
      const reflector = yield* Reflector.make({ port: probe, software, addresses })
      expect(reflector.ports[0]).toBe(probe)
      expect(reflector.ports[1]).not.toBe(probe + 1)
    })
  )

  scoped("says so when the port is taken, and leaves nothing bound behind", () =>
    Effect.gen(function* () {
      const datagrams = yield* Datagrams
      const addresses = [{ bind: "127.0.0.1" }, { bind: "127.0.0.2" }]
      const taken = yield* datagrams.bind({ family: "ipv4", address: "127.0.0.2", port: 0, onDatagram: () => {} })
      const { port } = taken.local
      const error = yield* Effect.flip(Reflector.make({ port, software, addresses }))
      expect(error).toMatchObject({ reason: "AddressInUse", message: expect.stringContaining(String(port)) })
      yield* datagrams.bind({ family: "ipv4", address: "127.0.0.1", port, onDatagram: () => {} })
    })
  )

  scoped("refuses addresses that are none, and a third one", () =>
    Effect.gen(function* () {
      for (const addresses of [
        [{ bind: "localhost" }],
        [{ bind: "127.0.0.1", public: "::1" }],
        [{ bind: "127.0.0.1" }, { bind: "127.0.0.2" }, { bind: "127.0.0.3" }]
      ]) {
        expect(yield* Effect.flip(Reflector.make({ port: 0, software, addresses }))).toMatchObject({
          reason: "Other"
        })
      }
      const elsewhere = Reflector.make({ port: 0, software, addresses: [{ bind: "192.0.2.1" }] })
      expect(yield* Effect.flip(elsewhere)).toMatchObject({ reason: "AddressNotAvailable" })
    })
  )

  scoped("serves IPv4 alone where there is no IPv6, unless IPv6 was asked for", () =>
    Effect.gen(function* () {
      const datagrams = yield* Datagrams
      const reason = "Unsupported"
      const withoutIpv6 = Datagrams.of({
        bind: (options) =>
          options.family === "ipv6"
            ? Effect.fail(new DatagramsError({ reason, message: "this machine has no ipv6" }))
            : datagrams.bind(options)
      })
      const make = (options: Reflector.ReflectorOptions) =>
        Reflector.make(options).pipe(Effect.provideService(Datagrams, withoutIpv6))
      const { local } = yield* make({ port: 0, software })
      expect(local.map(({ family }) => family)).toEqual(["ipv4", "ipv4"])
      expect(yield* Effect.flip(make({ port: 0, software, addresses: [{ bind: "::1" }] }))).toMatchObject({ reason })
    })
  )

  scoped("frees its ports when the scope closes", () =>
    Effect.gen(function* () {
      const { ports } = yield* Effect.scoped(Reflector.make({ port: 0, software }))
      const again = yield* Effect.exit(Reflector.make({ port: ports[0], secondPort: ports[1], software }))
      expect(Exit.isSuccess(again)).toBe(true)
    })
  )
})
