import { request } from "node:http"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Endpoint from "../../domain/Endpoint.js"
import * as Igd from "../../protocol/Igd.js"
import { Datagrams, type DatagramsError } from "../../services/Datagrams.js"
import { LIFETIME } from "./PcpMapper.js"

/** A router that describes itself by UPnP, and what of it forwards ports. */
export interface Gateway {
  readonly services: ReadonlyArray<Igd.Service>
  /** Our own address on its network. */
  readonly client: string
}

/** One UDP port, forwarded by a router that speaks UPnP. */
export interface IgdMapper {
  /** Looks for the router; it is asked for nothing. `undefined` when it says nothing of itself in time. */
  readonly find: (
    router: Endpoint.Endpoint,
    searched: ReadonlyArray<Endpoint.Endpoint>
  ) => Effect.Effect<Gateway | undefined>
  /** What it forwards from now on; `undefined` when it does not. */
  readonly map: (gateway: Gateway | undefined) => Effect.Effect<Endpoint.Endpoint | undefined>
  /** Takes back what was granted. Waits for the answer. */
  readonly unmap: Effect.Effect<void>
}

/** Where the router describes itself, if it says so in time. */
const makeSearch = Effect.gen(function* () {
  const datagrams = yield* Datagrams
  let router: Endpoint.Endpoint | undefined
  let onPage: (page: Igd.Page) => void = () => {}
  const socket = yield* datagrams.bind({
    family: "ipv4",
    port: 0,
    onDatagram: (from, data) => {
      // Anybody here could answer a search: only the router counts, and only pages of its own.
      if (router === undefined || from.address !== router.address) return
      const page = Igd.locationOf(data)
      if (page?.at.address === router.address) onPage(page)
    }
  })
  return (at: Endpoint.Endpoint, searched: ReadonlyArray<Endpoint.Endpoint>) =>
    Effect.async<Igd.Page>((resume) => {
      router = at
      onPage = (page) => resume(Effect.succeed(page))
    }).pipe(
      Effect.raceFirst(
        Effect.forEach(SEARCH_PATIENCE, (pause) =>
          Effect.sync(() => {
            for (const to of searched) for (const question of Igd.searches()) socket.send(to, question)
          }).pipe(Effect.zipRight(Effect.sleep(Duration.millis(pause))))
        ).pipe(Effect.as(undefined))
      )
    )
})

/** The port that is granted: the one wished for, or another one where that is somebody else's already. */
const add = (service: Igd.Service, client: string, internal: number, wish: number) =>
  Effect.gen(function* () {
    let external = wish
    let lifetime = LIFETIME
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const answer = yield* post(service, Igd.addPortMapping(service, { internal, external, client, lifetime }))
      if (answer?.ok === true) return external
      const fault = Igd.faultOf(answer?.text ?? "")
      if (fault === Igd.CONFLICT) external = FIRST_PORT + ((external * STRIDE) % (65_536 - FIRST_PORT))
      else if (fault === Igd.ONLY_PERMANENT && lifetime !== 0) lifetime = 0
      else return undefined
    }
    return undefined
  })

export const make = (port: number): Effect.Effect<IgdMapper, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const search = yield* makeSearch
    let granted: { readonly service: Igd.Service; readonly external: number } | undefined

    return {
      find: (at, searched) =>
        Effect.gen(function* () {
          const page = yield* search(at, searched)
          const answer = page === undefined ? undefined : yield* exchange(page, "GET")
          if (page === undefined || answer?.ok !== true) return undefined
          const services = Igd.servicesOf(answer.text, page)
          return {
            services: services.filter((service) => service.page.at.address === at.address),
            client: answer.client
          }
        }),
      map: (gateway) =>
        Effect.gen(function* () {
          const wish = granted?.external ?? port
          granted = undefined
          for (const service of gateway?.services ?? []) {
            const external = yield* add(service, gateway!.client, port, wish)
            if (external === undefined) continue
            granted = { service, external }
            const answer = yield* post(service, Igd.externalAddress(service))
            return answer?.ok === true ? Igd.externalOf(answer.text, external) : undefined
          }
          return undefined
        }),
      unmap: Effect.suspend(() => {
        if (granted === undefined) return Effect.void
        const { external, service } = granted
        granted = undefined
        return post(service, Igd.deletePortMapping(service, external))
      })
    }
  })

interface Answer {
  /** Whether its status is 200. */
  readonly ok: boolean
  readonly text: string
  /** Our own address of the connection. */
  readonly client: string
}

const post = ({ page }: Igd.Service, { action, body }: Igd.Call) =>
  exchange(page, "POST", { SOAPAction: action, "Content-Type": 'text/xml; charset="utf-8"' }, body)

/** One request of HTTP, without following where it points; `undefined` when it fails, or is too long or too slow. */
const exchange = (
  { at, path }: Igd.Page,
  method: "GET" | "POST",
  headers: Readonly<Record<string, string>> = {},
  body = ""
): Effect.Effect<Answer | undefined> =>
  Effect.async<Answer | undefined>((resume) => {
    const fail = () => resume(Effect.succeed(undefined))
    const length = { "Content-Length": String(Buffer.byteLength(body)) }
    const options = { host: at.address, port: at.port, path, method, agent: false, headers: { ...headers, ...length } }
    const question = request(options, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => {
        text += part
        if (text.length > Igd.MAX_ANSWER) question.destroy()
      })
      response.on("error", fail)
      response.on("close", () => {
        const client = response.socket.localAddress
        if (!response.complete || client === undefined) fail()
        else resume(Effect.succeed({ ok: response.statusCode === 200, text, client: client.replace(/^::ffff:/, "") }))
      })
    })
    question.on("error", fail)
    question.end(body)
    return Effect.sync(() => question.destroy())
  }).pipe(
    Effect.timeoutTo({
      duration: Duration.millis(HTTP_PATIENCE),
      onSuccess: (answer) => answer,
      onTimeout: () => undefined
    })
  )

/** Milliseconds after each search: a device may take its time for as long as `MX` says, which is one second. */
const SEARCH_PATIENCE = [500, 1_500]
/** Milliseconds for one request to a router, which may be a slow one. */
const HTTP_PATIENCE = 3_000
/** Ports that are tried, and lifetimes. */
const ATTEMPTS = 4
/** A prime: from one port that is taken the next one is far away. */
const STRIDE = 7_919
/** The first port that anybody may have: below it routers of version 2 refuse. */
const FIRST_PORT = 1_024
