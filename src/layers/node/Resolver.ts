import { lookup } from "node:dns/promises"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Endpoint from "../../domain/Endpoint.js"
import * as ServerName from "../../domain/ServerName.js"
import { MAX_ADDRESSES, ResolveError, Resolver } from "../../services/Resolver.js"
import { fromNode } from "./Addresses.js"
import { codeOf, describe } from "./Errno.js"

/** The system's own lookup (`getaddrinfo`): the hosts file and local names count, as everywhere else on the machine. */
export const layer: Layer.Layer<Resolver> = Layer.succeed(Resolver, {
  resolve: (host) => {
    const literal = Endpoint.make(ServerName.withoutZone(host), 0)
    if (literal !== undefined) return Effect.succeed([literal.address])
    return Effect.tryPromise({ try: () => lookup(host, { all: true, verbatim: true }), catch: toError(host) }).pipe(
      Effect.map((found) => found.flatMap(({ address }) => fromNode(address, 0)?.address ?? [])),
      Effect.map((addresses) => [...new Set(addresses)].slice(0, MAX_ADDRESSES)),
      Effect.filterOrFail(
        (addresses) => addresses.length > 0,
        () => notFound(host)
      )
    )
  }
})

const toError =
  (host: string) =>
  (cause: unknown): ResolveError =>
    UNKNOWN_NAME.has(codeOf(cause))
      ? notFound(host, cause)
      : new ResolveError({ reason: "Unavailable", message: `cannot look up ${host}: ${describe(cause)}`, cause })

const notFound = (host: string, cause?: unknown): ResolveError =>
  new ResolveError({ reason: "NotFound", message: `no address is known for the host ${host}`, cause })

const UNKNOWN_NAME: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "EAI_NODATA", "ERR_INVALID_ARG_VALUE"])
