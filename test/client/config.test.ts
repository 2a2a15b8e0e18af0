import { describe, expect, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { clientConfig, layerClientConfig, layerNode } from "parley-chat"

/** With these variables and no others. */
const withVariables = (variables: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(
    ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_", seqDelim: "," })
  )

const optionsOf = (variables: Readonly<Record<string, string>>) => withVariables(variables)(clientConfig)

describe("a client's options from the configuration", () => {
  it.effect("name the server, its key and the token, which no log shows", () =>
    Effect.gen(function* () {
      expect(yield* optionsOf({ PARLEY_SERVER: "chat.example.org" })).toEqual({
        server: { host: "chat.example.org", port: 9090 }
      })
      const { server, token } = yield* optionsOf({
        PARLEY_SERVER: "[2001:db8::1]:7",
        PARLEY_SERVER_KEY: "SHA256:x",
        PARLEY_TOKEN: "secret"
      })
      expect(server).toEqual({ host: "2001:db8::1", port: 7, tls: { key: "SHA256:x" } })
      expect(String(token)).not.toContain("secret")
      expect(Redacted.isRedacted(token) && Redacted.value(token)).toBe("secret")
    })
  )

  it.effect("are for the local network where that is said, beside a server or alone", () =>
    Effect.gen(function* () {
      const server = { host: "a", port: 9090 }
      expect(yield* optionsOf({ PARLEY_LAN: "true" })).toEqual({ lan: true })
      expect(yield* optionsOf({ PARLEY_LAN: "true", PARLEY_SERVER: "a" })).toEqual({ lan: true, server })
      expect(yield* optionsOf({ PARLEY_LAN: "false", PARLEY_SERVER: "a" })).toEqual({ server })
    })
  )

  it.effect("are missing where neither is said, with what to do about it", () =>
    Effect.gen(function* () {
      for (const variables of [
        {},
        { PARLEY_LAN: "false" },
        { PARLEY_SERVER_KEY: "SHA256:x", PARLEY_TOKEN: "secret" }
      ]) {
        const error = yield* Effect.flip(optionsOf(variables))
        expect(error).toMatchObject({ _op: "MissingData", path: ["PARLEY", "SERVER"] })
        expect(String(error)).toMatch(/PARLEY_SERVER=host or host:port.*PARLEY_LAN=true/)
        expect(String(error)).not.toContain("secret")
      }
      const layer = Layer.provide(layerClientConfig(), layerNode({ home: "/nonexistent/parley" }))
      const exit = yield* Effect.flip(Effect.scoped(Layer.build(layer)).pipe(withVariables({})))
      expect(exit).toMatchObject({ _op: "MissingData" })
    })
  )

  it.effect("say what is no address of a server, and what is neither true nor false", () =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(optionsOf({ PARLEY_SERVER: "a b" }))).toMatchObject({
        _op: "InvalidData",
        path: ["PARLEY", "SERVER"],
        message: expect.stringContaining("a server is written host or host:port")
      })
      expect(yield* Effect.flip(optionsOf({ PARLEY_LAN: "perhaps" }))).toMatchObject({ path: ["PARLEY", "LAN"] })
    })
  )
})
