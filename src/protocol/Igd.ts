/**
 * UPnP Internet Gateway Device, versions 1 and 2, as far as one forwarded UDP port needs it: how a router is looked for
 * (SSDP, UPnP Device Architecture 1.1 §1.3), what it says of itself, and three calls of its service (WANIPConnection:1
 * §2.4). All of it is what a device of the local network says: nothing here trusts it, and every text is read in linear
 * time.
 */
import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/** Where devices listen for searches (§1.3.2). */
export const SEARCH_PORT = 1_900
export const MULTICAST = "239.255.255.250"

/** Bytes of a datagram or a page that are read; a description of a home router has some 5,000. */
export const MAX_ANSWER = 65_536

/** Asks for routers of each version. One of version 2 answers to both, as it has all of version 1. */
export const searches = (): ReadonlyArray<Uint8Array> =>
  [1, 2].map((version) =>
    Bytes.fromText(
      [
        "M-SEARCH * HTTP/1.1",
        `HOST: ${MULTICAST}:${SEARCH_PORT}`,
        'MAN: "ssdp:discover"',
        "MX: 1",
        `ST: ${GATEWAY}${version}`,
        "",
        ""
      ].join("\r\n")
    )
  )

/** A page of the router's own web server. */
export interface Page {
  readonly at: Endpoint.Endpoint
  readonly path: string
}

/** Where an answer to a search says that the router describes itself; `undefined` for anything else. */
export const locationOf = (datagram: Uint8Array): Page | undefined => {
  if (datagram.length > MAX_ANSWER) return undefined
  const [status = "", ...headers] = (Bytes.toText(datagram) ?? "").split("\r\n")
  if (!/^HTTP\/1\.[01] 200(?: |$)/.test(status)) return undefined
  const value = (name: string) => {
    const header = headers.find((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    return header?.slice(name.length + 1).trim()
  }
  if (value("st")?.startsWith(GATEWAY) !== true) return undefined
  return pageOf(value("location") ?? "")
}

/** A page by its address; `undefined` unless it is of plain HTTP and names an IP address. */
const pageOf = (url: string, base?: string): Page | undefined => {
  if (url.length > MAX_URL || !URL.canParse(url, base)) return undefined
  const { hostname, pathname, port, protocol, search } = new URL(url, base)
  const at = Endpoint.make(hostname, port === "" ? 80 : Number(port))
  return protocol !== "http:" || at === undefined ? undefined : { at, path: `${pathname}${search}` }
}

/** A service that forwards ports, and where it is called. */
export interface Service {
  readonly type: string
  readonly page: Page
}

/** The services of a description that forward ports, the newest first; none in what is no description. */
export const servicesOf = (description: string, page: Page): ReadonlyArray<Service> => {
  const base = `http://${Endpoint.format(page.at)}${page.path}`
  const named = textOf(description, "URLBase")
  const found = description
    .split("<service>")
    .slice(1, MAX_SERVICES)
    .flatMap((rest): ReadonlyArray<Service> => {
      const [service = ""] = rest.split("</service>", 1)
      const type = SERVICES.find((known) => known === textOf(service, "serviceType"))
      const control = textOf(service, "controlURL")
      if (type === undefined || control === undefined) return []
      const at = pageOf(control, named === undefined || !URL.canParse(named) ? base : named)
      return at === undefined ? [] : [{ type, page: at }]
    })
  return found.sort((left, right) => SERVICES.indexOf(left.type) - SERVICES.indexOf(right.type))
}

/** One call: the header `SOAPAction` and the body. */
export interface Call {
  readonly action: string
  readonly body: string
}

export interface Wish {
  readonly internal: number
  readonly external: number
  /** Our own address on the router's network. */
  readonly client: string
  /** Seconds; 0: for good. */
  readonly lifetime: number
}

export const addPortMapping = (service: Service, { client, external, internal, lifetime }: Wish): Call =>
  call(service, "AddPortMapping", [
    ["NewRemoteHost", ""],
    ["NewExternalPort", external],
    ["NewProtocol", "UDP"],
    ["NewInternalPort", internal],
    ["NewInternalClient", client],
    ["NewEnabled", 1],
    ["NewPortMappingDescription", "parley"],
    ["NewLeaseDuration", lifetime]
  ])

export const deletePortMapping = (service: Service, external: number): Call =>
  call(service, "DeletePortMapping", [
    ["NewRemoteHost", ""],
    ["NewExternalPort", external],
    ["NewProtocol", "UDP"]
  ])

export const externalAddress = (service: Service): Call => call(service, "GetExternalIPAddress", [])

/** The external address that an answer to `externalAddress` names, at a port of it. */
export const externalOf = (answer: string, port: number): Endpoint.Endpoint | undefined => {
  const endpoint = Endpoint.make(textOf(answer, "NewExternalIPAddress") ?? "", port)
  return endpoint?.family === "ipv4" ? endpoint : undefined
}

/** The code of a refusal (WANIPConnection:1 §2.4.16). */
export const faultOf = (answer: string): number => Number.parseInt(textOf(answer, "errorCode") ?? "", 10) || 0

/** Another machine has this external port. */
export const CONFLICT = 718
/** The router forwards for good or not at all. */
export const ONLY_PERMANENT = 725

const call = (
  { type }: Service,
  name: string,
  values: ReadonlyArray<readonly [name: string, value: string | number]>
): Call => ({
  action: `"${type}#${name}"`,
  body: [
    '<?xml version="1.0"?>',
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"',
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>',
    `<u:${name} xmlns:u="${type}">`,
    ...values.map(([key, value]) => `<${key}>${value}</${key}>`),
    `</u:${name}></s:Body></s:Envelope>`
  ].join("")
})

/** What stands in the first element of this name, with the five names of characters that XML has. */
const textOf = (text: string, element: string): string | undefined => {
  let start = text.indexOf(`<${element}`)
  while (start !== -1 && !/[\s>]/.test(text[start + element.length + 1] ?? ""))
    start = text.indexOf(`<${element}`, start + 1)
  const from = start === -1 ? -1 : text.indexOf(">", start)
  const to = from === -1 ? -1 : text.indexOf(`</${element}>`, from)
  if (to === -1) return undefined
  const value = text.slice(from + 1, to).trim()
  return value.length > MAX_URL ? undefined : value.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => CHARACTERS[name]!)
}

const CHARACTERS: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }
const GATEWAY = "urn:schemas-upnp-org:device:InternetGatewayDevice:"
/** Preferred first: PPP is for modems that dial themselves. */
const SERVICES = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"].map(
  (name) => `urn:schemas-upnp-org:service:${name}`
)
const MAX_URL = 1_000
/** Services of a description that are looked at; a router has some ten. */
const MAX_SERVICES = 100
