import * as Endpoint from "../../domain/Endpoint.js"

/** An IP address as a small integer, the same one wherever it occurs in a world. */
export type AddressId = number

/**
 * A transport address as one integer: the address times 65,536, plus the port. Below 2^36, so that two fit beside a
 * port in 2^53.
 */
export type Point = number

/** Turns addresses into integers and back, so that a packet's way through a world costs map look-ups of numbers. */
export class AddressBook {
  readonly #ids = new Map<string, AddressId>()
  readonly #texts: Array<string> = []
  readonly #families: Array<Endpoint.Family> = []
  readonly #endpoints = new Map<Point, Endpoint.Endpoint>()

  /** `undefined` for what is no IP literal, and once the book is full. */
  id(text: string): AddressId | undefined {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const canonical = Endpoint.make(text, 0)
    if (canonical === undefined || this.#texts.length >= MAX_ADDRESSES) return undefined
    if (canonical.address !== text) return this.id(canonical.address)
    const id = this.#texts.length
    this.#ids.set(text, id)
    this.#texts.push(text)
    this.#families.push(canonical.family)
    return id
  }

  text(id: AddressId): string {
    return this.#texts[id]!
  }

  family(id: AddressId): Endpoint.Family {
    return this.#families[id]!
  }

  /** `undefined` for an address that is none, or port 0. */
  point(endpoint: Endpoint.Endpoint): Point | undefined {
    const id = this.id(endpoint.address)
    return id === undefined || !isPort(endpoint.port) ? undefined : id * PORTS + endpoint.port
  }

  endpoint(point: Point): Endpoint.Endpoint {
    const known = this.#endpoints.get(point)
    if (known !== undefined) return known
    if (this.#endpoints.size >= MAX_CACHED) this.#endpoints.clear()
    const id = addressOf(point)
    const endpoint = { family: this.family(id), address: this.text(id), port: portOf(point) }
    this.#endpoints.set(point, endpoint)
    return endpoint
  }
}

export const pointAt = (address: AddressId, port: number): Point => address * PORTS + port
export const addressOf = (point: Point): AddressId => Math.floor(point / PORTS)
export const portOf = (point: Point): number => point % PORTS

const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port < PORTS

const PORTS = 65_536

/** 2^20: ten times the largest world anyone simulates in one process, and the bound that `Point` is built on. */
const MAX_ADDRESSES = 1_048_576

/** A few MB at most; a port scan or an exhausted NAT would otherwise grow the cache without end. */
const MAX_CACHED = 65_536
