import * as Endpoint from "../../../domain/Endpoint.js"
import type { Path } from "./Path.js"

/**
 * The IPv4 address at which the internet sees us and the peer, where no packet of the peer's ever came from there: the
 * router in front of both does not turn packets round. `own` are our candidates, `paths` those of the connection.
 */
export const sharedAddress = (
  own: ReadonlyArray<Endpoint.Endpoint>,
  paths: ReadonlyArray<Path>
): string | undefined => {
  const outer = new Set(own.filter(isOuter).map(({ address }) => address))
  const unheard = paths.flatMap(({ proven, route }) => (route._tag === "Direct" && !proven ? [route.endpoint] : []))
  return unheard.find((endpoint) => isOuter(endpoint) && outer.has(endpoint.address))?.address
}

const isOuter = (endpoint: Endpoint.Endpoint): boolean =>
  endpoint.family === "ipv4" && Endpoint.scope(endpoint) === "global"
