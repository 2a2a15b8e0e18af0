import * as Http from "node:http"
import * as Net from "node:net"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as WebLayer from "../../../src/layers/node/Web.js"
import { Web } from "../../../src/services/Web.js"

const PAGE = { type: "text/plain", body: "grüße\n" }

const served = Effect.gen(function* () {
  const { serve } = yield* Web
  const { address, port } = yield* serve({ host: "127.0.0.1", port: 0 }, (path) => (path === "/a" ? PAGE : undefined))
  return { base: `http://${address}:${port}`, port }
})

const get = (url: string, init?: RequestInit) => Effect.promise(() => fetch(url, init))

/** Sends these bytes, and gives all that comes back until the other side closes. */
const raw = (port: number, bytes: string) =>
  Effect.async<string>((resume) => {
    let all = ""
    const socket = Net.connect(port, "127.0.0.1", () => socket.write(bytes))
    socket.on("data", (chunk) => {
      all += String(chunk)
    })
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(all)))
  })

it.scoped("shows a page to GET and HEAD, whatever the query", () =>
  Effect.gen(function* () {
    const { base } = yield* served
    const got = yield* get(`${base}/a?b`)
    expect([got.status, yield* Effect.promise(() => got.text())]).toEqual([200, PAGE.body])
    expect(got.headers.get("cache-control")).toBe("no-store")
    expect(got.headers.get("content-security-policy")).toContain("default-src 'none'")
    const head = yield* get(`${base}/a`, { method: "HEAD" })
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "8"])
    expect((yield* get(`${base}/b`)).status).toBe(404)
  }).pipe(Effect.provide(WebLayer.layer))
)

it.scoped("refuses what would tell it something, headers without end, and what is no HTTP", () =>
  Effect.gen(function* () {
    const { base, port } = yield* served
    const posted = yield* get(`${base}/a`, { method: "POST", body: "x" })
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    const lead = "GET /a HTTP/1.1\r\nHost: x\r\n"
    expect(yield* raw(port, `${lead}X: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
    // A body of any length ends the connection: nobody reads it.
    expect(yield* raw(port, `${lead}Content-Length: 99999999\r\n\r\nxx`)).toMatch(
      /^HTTP\/1.1 200 .*\nConnection: close/s
    )
    expect(yield* raw(port, "\u0016\u0003\u0001\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /)
  }).pipe(Effect.provide(WebLayer.layer))
)

it.scoped("is closed with its scope, connections included", () =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { port } = yield* Scope.extend(served, scope)
    const agent = new Http.Agent({ keepAlive: true })
    yield* Effect.async<void>((resume) => {
      Http.get({ agent, host: "127.0.0.1", port, path: "/a" }, (response) => {
        response.resume().on("end", () => resume(Effect.void))
      })
    })
    yield* Scope.close(scope, Exit.void)
    agent.destroy()
    const again = yield* Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}/a`)))
    expect(Exit.isFailure(again)).toBe(true)
  }).pipe(Effect.provide(WebLayer.layer))
)

it.scoped("says who has the port", () =>
  Effect.gen(function* () {
    const { port } = yield* served
    const { serve } = yield* Web
    const error = yield* Effect.flip(serve({ host: "127.0.0.1", port }, () => undefined))
    expect(error).toMatchObject({ reason: "AddressInUse", message: expect.stringContaining("already in use") })
  }).pipe(Effect.provide(WebLayer.layer))
)
