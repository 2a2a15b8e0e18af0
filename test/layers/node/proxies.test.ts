import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import * as ProxyAddress from "../../../src/domain/ProxyAddress.js"
import * as NodeDialer from "../../../src/layers/node/Dialer.js"
import * as NodeListener from "../../../src/layers/node/Listener.js"
import { Dialer, type DialOptions } from "../../../src/services/Dialer.js"
import { Listener } from "../../../src/services/Listener.js"
import { own } from "../../support/Certificates.js"
import { type ProxyRules, startProxy } from "../../support/Proxy.mjs"
import { echo, pattern, Recorder } from "../conformance/Recorder.js"
import { live } from "../conformance/Suite.js"

const { run } = live(Layer.merge(NodeListener.layer, NodeDialer.layer))

const proxied = (rules: Partial<ProxyRules>) =>
  Effect.acquireRelease(
    Effect.promise(() => startProxy({ host: "127.0.0.1", port: 0, ...rules })),
    ({ close }) => Effect.sync(close)
  )

const to = (url: string) => Either.getOrThrow(ProxyAddress.parse(url, "HTTPS_PROXY"))

const dialing = (options: Omit<DialOptions, "host"> & { readonly host?: string }, recorder = new Recorder()) =>
  Effect.flatMap(Dialer, ({ dial }) => dial({ host: "127.0.0.1", ...options }, () => recorder))

describe.each(["http", "socks5"])("through a proxy of %s", (kind) => {
  const USER = "fred:pa%40ss%3Aw@"
  const credentials = "fred:pa@ss:w"

  it.each([
    ["bare", {}, {}],
    ["in TLS", { tls: own }, { tls: {} }],
    ["in a WebSocket in TLS", { tls: own }, { tls: {}, isWeb: true }]
  ] as const)(
    "a link goes %s, with a password or without, by name, and nobody looks the name up here",
    (_, how, dial) =>
      run(
        Effect.gen(function* () {
          const { listen } = yield* Listener
          const { local } = yield* listen({ port: 0, host: "127.0.0.1", ...how }, echo().accept)
          for (const word of ["", USER]) {
            const names = { "nowhere.invalid": "127.0.0.1" }
            const proxy = yield* proxied({ names, ...(word === "" ? {} : { credentials }) })
            const recorder = new Recorder()
            const through = to(`${kind}://${word}127.0.0.1:${proxy.port}`)
            const connection = yield* dialing(
              { host: "nowhere.invalid", port: local.port, proxy: through, ...dial },
              recorder
            )
            expect(connection.remote.port).toBe(proxy.port)
            connection.send(pattern(30_000))
            yield* recorder.received(30_000)
            expect(recorder.bytes).toEqual(pattern(30_000))
            expect(proxy.asked).toEqual([`nowhere.invalid:${local.port}`])
          }
        })
      )
  )

  it("what is wrong is said with what to do, and never with a password", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* proxied({ credentials, allowedPorts: [443] })
        const at = `127.0.0.1:${proxy.port}`
        const failing = (url: string, port: number) =>
          Effect.map(Effect.flip(dialing({ port, proxy: to(url) })), ({ message, reason }) => {
            expect(reason).toBe("Proxy")
            expect(message).not.toContain("secret")
            return message
          })
        expect(yield* failing(`${kind}://${at}`, 443)).toMatch(
          new RegExp(`wants to know who asks.*: write HTTPS_PROXY as ${kind}://USER:PASSWORD@${at}$`)
        )
        expect(yield* failing(`${kind}://fred:secret@${at}`, 443)).toMatch(
          /does not take this user and password .*: check them in HTTPS_PROXY$/
        )
        expect(yield* failing(`${kind}://${USER}${at}`, 9090)).toMatch(
          /does not let anybody through to 127\.0\.0\.1:9090 .*: ask whoever runs it$/
        )
        const other = yield* proxied({ unreachable: true })
        expect(yield* failing(`${kind}://127.0.0.1:${other.port}`, 443)).toMatch(/cannot reach 127\.0\.0\.1:443/)
        other.close()
        expect(yield* failing(`${kind}://127.0.0.1:${other.port}`, 443)).toMatch(
          /takes no connections: check it, or go without \(--proxy off\)$/
        )
      })
    ))
})

it("whoever is no proxy is told as that", () =>
  run(
    Effect.gen(function* () {
      const { listen } = yield* Listener
      const { local } = yield* listen({ port: 0, host: "127.0.0.1" }, (connection) => {
        connection.send("hello, this is something else\n")
        return new Recorder()
      })
      for (const kind of ["http", "socks5"]) {
        const through = to(`${kind}://127.0.0.1:${local.port}`)
        expect((yield* Effect.flip(dialing({ port: 443, proxy: through }))).message).toContain(
          "does not answer as one: is it "
        )
      }
      const secured = to(`https://127.0.0.1:${local.port}`)
      expect((yield* Effect.flip(dialing({ port: 443, proxy: secured }))).message).toContain(
        "does not speak TLS that can be trusted"
      )
    })
  ))
