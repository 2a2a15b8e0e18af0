import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as NodeDatagrams from "../../../src/layers/node/Datagrams.js"
import * as NodePortMapping from "../../../src/layers/node/PortMapping.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { Datagrams } from "../../../src/services/Datagrams.js"
import { PortMapping } from "../../../src/services/PortMapping.js"

const PORT = 4_660
const SERVICE = "urn:schemas-upnp-org:service:WANIPConnection:1"

const description = (control: string) =>
  `<?xml version="1.0"?><root><device><serviceList><service><serviceType>${SERVICE}</serviceType>` +
  `<controlURL>${control}</controlURL></service></serviceList></device></root>`

const fault = (code: number) => ({ status: 500, text: `<s:Fault><errorCode>${code}</errorCode></s:Fault>` })
const granted = { status: 200, text: "<ok/>" }

interface Reply {
  readonly status: number
  readonly text: string
}

/** What a router is asked: the action and the values of it. */
interface Asked {
  readonly action: string
  readonly values: Readonly<Record<string, string>>
}

const read = async (message: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const part of message.setEncoding("utf8")) text += part
  return text
}

const asked = (message: IncomingMessage, body: string): Asked => ({
  action: /#(\w+)"$/.exec(String(message.headers.soapaction))?.[1] ?? "",
  values: Object.fromEntries([...body.matchAll(/<(New\w+)>([^<]*)</g)].map(([, key, value]) => [key, value]))
})

/** A router on loopback that speaks UPnP alone, and a client of it. */
const behind = (
  options: {
    readonly page?: (port: number) => string
    readonly location?: (port: number) => string
    readonly answer?: (asked: Asked) => Reply | undefined
  },
  program: (world: {
    readonly told: Queue.Dequeue<string | undefined>
    readonly calls: ReadonlyArray<Asked>
    readonly fetched: ReadonlyArray<string>
    readonly leave: Effect.Effect<void>
  }) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const calls: Array<Asked> = []
    const fetched: Array<string> = []
    const server = yield* Effect.acquireRelease(
      Effect.async<Server>((resume) => {
        const started = createServer(async (message, response) => {
          const port = (started.address() as AddressInfo).port
          const body = await read(message)
          if (message.method === "GET") {
            fetched.push(message.url ?? "")
            response.end((options.page ?? (() => description("/control")))(port))
            return
          }
          const call = asked(message, body)
          calls.push(call)
          const address = "<NewExternalIPAddress>198.51.100.7</NewExternalIPAddress>"
          const usual = call.action === "GetExternalIPAddress" ? { status: 200, text: address } : granted
          const { status, text } = options.answer?.(call) ?? usual
          response.writeHead(status).end(text)
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
      }),
      (started) => Effect.sync(() => started.close().closeAllConnections())
    )
    const { port } = server.address() as AddressInfo
    const datagrams = yield* Datagrams
    const location = (options.location ?? ((at) => `http://127.0.0.1:${at}/desc.xml`))(port)
    const ssdp = yield* datagrams.bind({
      family: "ipv4",
      address: "127.0.0.1",
      port: 0,
      onDatagram: (from, data) => {
        const st = /^ST: (.*)\r$/m.exec(Bytes.toText(data) ?? "")?.[1]
        ssdp.send(from, Bytes.fromText(`HTTP/1.1 200 OK\r\nST: ${st}\r\nLocation: ${location}\r\n\r\n`))
      }
    })
    const silent = yield* datagrams.bind({ family: "ipv4", address: "127.0.0.1", port: 0, onDatagram: () => {} })
    const told = yield* Queue.unbounded<string | undefined>()
    const scope = yield* Scope.make()
    const router = { control: silent.local, searched: [ssdp.local] }
    const mapping = yield* Layer.buildWithScope(NodePortMapping.layerAt(Effect.succeed(router)), scope)
    yield* PortMapping.pipe(
      Effect.flatMap(({ forward }) =>
        forward({ port: PORT, onExternal: (endpoint) => void told.unsafeOffer(endpoint && Endpoint.format(endpoint)) })
      ),
      Effect.provide(mapping),
      Scope.extend(scope)
    )
    yield* program({ told, calls, fetched, leave: Scope.close(scope, Exit.void) })
    yield* Scope.close(scope, Exit.void)
  }).pipe(Effect.scoped, Effect.provide(NodeDatagrams.layer))

const EXTERNAL = `198.51.100.7:${PORT}`

describe("a router that speaks UPnP", () => {
  it.live("is asked for the port for ten minutes, and to forget it in the end", () =>
    behind({}, ({ calls, leave, told }) =>
      Effect.gen(function* () {
        expect(yield* Queue.take(told)).toBe(EXTERNAL)
        yield* leave
        expect(calls.map(({ action }) => action)).toEqual([
          "AddPortMapping",
          "GetExternalIPAddress",
          "DeletePortMapping"
        ])
        expect(calls[0]?.values).toEqual({
          NewRemoteHost: "",
          NewExternalPort: String(PORT),
          NewProtocol: "UDP",
          NewInternalPort: String(PORT),
          NewInternalClient: "127.0.0.1",
          NewEnabled: "1",
          NewPortMappingDescription: "parley",
          NewLeaseDuration: "600"
        })
        expect(calls[2]?.values).toMatchObject({ NewExternalPort: String(PORT), NewProtocol: "UDP" })
      })
    )
  )

  it.live("may have given the port to somebody else: then it is asked for another one", () =>
    behind(
      {
        answer: ({ action, values }) =>
          action === "AddPortMapping" && values.NewExternalPort === String(PORT) ? fault(718) : undefined
      },
      ({ calls, told }) =>
        Effect.gen(function* () {
          const external = yield* Queue.take(told)
          const port = calls[1]?.values.NewExternalPort
          expect(external).toBe(`198.51.100.7:${port}`)
          expect(Number(port)).toBeGreaterThan(1_023)
        })
    )
  )

  it.live("may forward for good or not at all", () =>
    behind(
      {
        answer: ({ action, values }) =>
          action === "AddPortMapping" && values.NewLeaseDuration !== "0" ? fault(725) : undefined
      },
      ({ told }) => Effect.map(Queue.take(told), (external) => expect(external).toBe(EXTERNAL))
    )
  )

  it.live("may refuse", () =>
    behind({ answer: () => fault(606) }, ({ calls, told }) =>
      Effect.gen(function* () {
        expect(yield* Queue.take(told)).toBeUndefined()
        expect(calls).toHaveLength(1)
      })
    )
  )

  it.live("is not believed where it names pages of others, or describes itself without end", () =>
    Effect.forEach(
      [
        { location: () => "http://127.0.0.2/desc.xml" },
        { location: () => "https://127.0.0.1/desc.xml" },
        { page: () => description("http://192.0.2.1/control") },
        { page: () => "x".repeat(100_000) + description("/control") },
        { page: () => "<service>".repeat(7_000) }
      ],
      (options) =>
        behind(options, ({ calls, told }) =>
          Effect.gen(function* () {
            expect(yield* Queue.take(told)).toBeUndefined()
            expect(calls).toEqual([])
          })
        ),
      { concurrency: "unbounded" }
    )
  )
})
