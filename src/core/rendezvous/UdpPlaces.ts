import * as Endpoint from "../../domain/Endpoint.js"
import { MAX_PORTS } from "../../protocol/Control.js"

/**
 * What clients are told of a server's UDP ports where these are elsewhere than its control link: `Welcome.udpAt`. Of
 * each family the first port comes first. An address with port 0 stands for all the ports that the reflector has; none
 * of them are told where it has none.
 */
export const placesOf = (
  addresses: ReadonlyArray<Endpoint.Endpoint>,
  ports: ReadonlyArray<number>
): ReadonlyArray<string> =>
  ports.length === 0
    ? []
    : addresses
        .flatMap((one) => (one.port === 0 ? ports.map((port) => ({ ...one, port })) : [one]))
        .slice(0, MAX_PORTS)
        .map(Endpoint.format)

/** Of these places, the ports of the relay: the first one of each family. */
export const relayPortsOf = (places: ReadonlyArray<string>): ReadonlyArray<string> =>
  places.filter((place, at) => places.findIndex((other) => isIpv6(other) === isIpv6(place)) === at)

const isIpv6 = (place: string): boolean => place.startsWith("[")
