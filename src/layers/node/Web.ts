import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Endpoint } from "../../domain/Endpoint.js"
import { ListenError } from "../../services/Listener.js"
import { type Page, Web, type WebAddress } from "../../services/Web.js"
import { fromNode } from "./Addresses.js"
import { toError } from "./Listener.js"

/** HTTP over `node:http`. */
export const layer: Layer.Layer<Web> = Layer.succeed(Web, {
  serve: (at, answer) =>
    Effect.map(
      Effect.acquireRelease(open(at, answer), ({ server }) => Effect.sync(() => close(server))),
      ({ local }) => local
    )
})

interface Open {
  readonly server: Server
  readonly local: Endpoint
}

const open = (at: WebAddress, answer: (path: string) => Page | undefined): Effect.Effect<Open, ListenError> =>
  Effect.async((resume) => {
    const server = createServer(LIMITS, (request, response) => respond(request, response, answer))
    server.maxConnections = MAX_CONNECTIONS
    server.keepAliveTimeout = IDLE_MS
    server.setTimeout(IDLE_MS)
    // Stays for good: what fails later is a connection that could not be accepted.
    server.on("error", (cause) => resume(Effect.fail(toError(at, cause))))
    server.listen({ host: at.host, port: at.port }, () => {
      const { address, port } = server.address() as AddressInfo
      const local = fromNode(address, port)
      resume(
        local === undefined
          ? Effect.fail(new ListenError({ reason: "Other", message: `no such address: ${address}` }))
          : Effect.succeed({ server, local })
      )
    })
  })

const respond = (
  request: IncomingMessage,
  response: ServerResponse,
  answer: (path: string) => Page | undefined
): void => {
  const { headers, method, url = "/" } = request
  // Nobody has anything to tell us.
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"
  if (hasBody) response.shouldKeepAlive = false
  const isRead = method === "GET" || method === "HEAD"
  const page = isRead ? (answer(url.split("?", 1)[0]!) ?? NOT_FOUND) : NOT_ALLOWED
  const body = Buffer.from(page.body)
  response.writeHead(page.status ?? 200, {
    ...HEADERS,
    ...(isRead ? {} : { Allow: "GET, HEAD" }),
    "Content-Security-Policy": page.policy ?? NOTHING,
    "Content-Type": page.type,
    "Content-Length": body.length
  })
  response.end(method === "HEAD" ? undefined : body)
}

const close = (server: Server): void => {
  server.close()
  server.closeAllConnections()
}

/** ms that a request may take to arrive, and looks for those that have not. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192
}

/** Some operators, each with a browser that opens six. */
const MAX_CONNECTIONS = 64
/** ms of silence. */
const IDLE_MS = 10_000

const NOTHING = "default-src 'none'; frame-ancestors 'none'"

const HEADERS = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY"
}

const PLAIN = "text/plain; charset=utf-8"
const NOT_FOUND: Page = { status: 404, type: PLAIN, body: "nothing is here\n" }
const NOT_ALLOWED: Page = { status: 405, type: PLAIN, body: "only GET and HEAD are understood here\n" }
