import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import {
  BASE64URL,
  Exit,
  List,
  MAX_AFTER,
  MAX_ENDPOINT_TEXT,
  MAX_ENDPOINTS,
  MAX_MATCH,
  MAX_ON_PAGE,
  MAX_RAW_NICK,
  MAX_REGISTER,
  MAX_WATCH,
  Ping,
  Query,
  type Refusal,
  Register,
  Relay,
  type Request,
  type ServerMessageEncoded,
  Tell,
  Unwatch,
  Update,
  Watch
} from "./Control.js"

/**
 * The server's half of the control codec: lines to requests, messages to lines.
 *
 * A request costs one `JSON.parse`, and a look at each member: by hand for those that servers get most, by a Schema for
 * the others and for all that is refused. Whatever the line holds, the answer is a request or a refusal;
 * what is nested deeper than any request is refused before it is parsed. Messages are plain objects of the encoded
 * type: they need no encoding but JSON.
 */

type WelcomeEncoded = Extract<ServerMessageEncoded, { readonly _tag: "Welcome" }>
type RegisteredEncoded = Extract<ServerMessageEncoded, { readonly _tag: "Registered" }>

/** A refusal as it goes over the wire. */
export type RefusalEncoded = typeof Refusal.Encoded

/** A refusal before it is known which request it answers. */
export type RefusalBody = RefusalEncoded extends infer R ? (R extends RefusalEncoded ? Omit<R, "id"> : never) : never

/** The request on this line, or the refusal to answer: `Unsupported` for an unknown `_tag`, else `Malformed`. */
export const decodeRequest = (line: string): Either.Either<Request, RefusalEncoded> => {
  const value = isShallow(line) ? parseObject(line) : undefined
  if (value === undefined) return Either.left(malformed(undefined, "not a JSON object"))
  const id = idOf(value)
  const tag = value._tag
  if (typeof tag !== "string") return Either.left(malformed(id, "no `_tag`"))
  const plain = id === undefined ? undefined : decodePlain(tag, id, value)
  if (plain !== undefined) return Either.right(plain)
  const decode = DECODERS.get(tag)
  if (decode === undefined) {
    return Either.left(withId(id, { _tag: "Unsupported", message: "this server does not know that request" }))
  }
  return Either.mapLeft(decode(value), ({ issue }) => malformed(id, `${tag}: ${faultIn(issue)}`))
}

/**
 * The same as the Schema of this request gives for a good one, at a tenth of its price; `undefined` leaves the
 * judgement to the Schema.
 */
const decodePlain = (tag: string, id: number, value: Record<string, unknown>): Request | undefined => {
  switch (tag) {
    case "Ping":
      return { _tag: "Ping", id }
    case "Query":
      return isText(value.nick, MAX_RAW_NICK) ? { _tag: "Query", id, nick: value.nick } : undefined
    case "Register":
      return decodeRegister(id, value)
    case "List":
      return decodeList(id, value)
    case "Watch":
    case "Unwatch":
      return isNicks(value.nicks) ? { _tag: tag, id, nicks: value.nicks } : undefined
    default:
      return undefined
  }
}

const decodeList = (id: number, { after, limit, match }: Record<string, unknown>): typeof List.Type | undefined => {
  const isGood =
    (match === undefined || isText(match, MAX_MATCH)) &&
    (after === undefined || isText(after, MAX_AFTER)) &&
    (limit === undefined || (Number.isInteger(limit) && (limit as number) >= 1 && (limit as number) <= MAX_ON_PAGE))
  return isGood ? { _tag: "List", id, match, after, limit: limit as number | undefined } : undefined
}

const decodeRegister = (id: number, value: Record<string, unknown>): typeof Register.Type | undefined => {
  const { endpoints = [], identity, nick, private: hidden, proof, record, resume, server, token } = value
  const isGood =
    isText(nick, MAX_RAW_NICK) &&
    Array.isArray(endpoints) &&
    endpoints.length <= MAX_ENDPOINTS &&
    endpoints.every((endpoint) => isText(endpoint, MAX_ENDPOINT_TEXT)) &&
    (hidden === undefined || typeof hidden === "boolean") &&
    (token === undefined || isText(token, MAX_REGISTER.token)) &&
    isBytes(identity, MAX_REGISTER.identity) &&
    isBytes(record, MAX_REGISTER.record) &&
    isBytes(proof, MAX_REGISTER.proof) &&
    isBytes(resume, MAX_REGISTER.resume) &&
    (server === undefined || isText(server, MAX_REGISTER.server))
  if (!isGood) return undefined
  return { _tag: "Register", id, nick, identity, record, proof, server, endpoints, private: hidden, token, resume }
}

/** Some nicknames as typed, or left out. */
const isNicks = (value: unknown): value is ReadonlyArray<string> | undefined =>
  value === undefined ||
  (Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= MAX_WATCH &&
    value.every((nick) => isText(nick, MAX_RAW_NICK)))

const isText = (value: unknown, max: number): value is string => typeof value === "string" && value.length <= max

/** Base64url, or left out. */
const isBytes = (value: unknown, max: number): value is string | undefined =>
  value === undefined || (isText(value, max) && BASE64URL.test(value))

/** One line, its end included. */
export const encodeMessage = (message: ServerMessageEncoded): string => `${JSON.stringify(message)}\n`

/**
 * The `Welcome` lines of one server, encoded once: around `challenge`, in base64url, and `now`, whole ms. One of two
 * has a key that means nothing (docs/protocol.md §5-10).
 */
export const encodeWelcome = (
  welcome: Omit<WelcomeEncoded, "challenge" | "now">
): ((challenge: string, now: number) => string) => {
  const shared = JSON.stringify(welcome).slice(0, -1)
  return (challenge, now) =>
    `${shared},"challenge":"${challenge}","now":${now}${now % 2 === 0 ? "" : `,"x-grease":[${now % 10}]`}}\n`
}

/** `observed` and `resume` need no escapes: an address with its port, and base64url. */
export const encodeRegistered = ({ id, lease, nick, observed, resume }: Omit<RegisteredEncoded, "_tag">): string =>
  `{"_tag":"Registered","id":${id},"nick":${JSON.stringify(nick)},"lease":${lease},"observed":"${observed}","resume":"${resume}"}\n`

/** A refusal for the request of this `id`, if it has one. */
export const encodeRefusal = (id: number | undefined, refusal: RefusalBody): string =>
  encodeMessage(withId(id, refusal) as ServerMessageEncoded)

/** A `Clients` line around entries that are JSON already, each by itself or several with their commas. */
export const encodeClients = (id: number, pieces: ReadonlyArray<string>, next: string | undefined): string => {
  const begin = `{"_tag":"Clients","id":${id},"clients":[`
  const end = `]${next === undefined ? "" : `,"next":${JSON.stringify(next)}`}}\n`
  const parts = pieces.length === 0 ? [""] : [...pieces]
  parts[0] = begin + parts[0]
  parts[parts.length - 1] += end
  // In one step: 16 KB are not copied twice.
  return parts.join(",")
}

/**
 * A `Peer` and an `Incoming` around `half`, the members of an introduction that are JSON already: what both have of one
 * registration is encoded once.
 */
export const encodePeer = (id: number, half: string): string => `{"_tag":"Peer","id":${id},${half}}\n`
/** What changed among the nicknames that a session watches, each as JSON already. */
export const encodePresence = (here: ReadonlyArray<string>, gone: ReadonlyArray<string>): string =>
  `{"_tag":"Presence","here":[${here.join(",")}],"gone":[${gone.join(",")}]}\n`
export const encodeIncoming = (half: string): string => `{"_tag":"Incoming",${half}}\n`

/** One for each request, made once; choosing by `_tag` is cheaper than a union that tries its members. */
const DECODERS: ReadonlyMap<string, (value: unknown) => Either.Either<Request, { readonly issue: Issue }>> = new Map<
  Request["_tag"],
  (value: unknown) => Either.Either<Request, { readonly issue: Issue }>
>([
  ["Register", Schema.decodeUnknownEither(Register)],
  ["List", Schema.decodeUnknownEither(List)],
  ["Watch", Schema.decodeUnknownEither(Watch)],
  ["Unwatch", Schema.decodeUnknownEither(Unwatch)],
  ["Query", Schema.decodeUnknownEither(Query)],
  ["Update", Schema.decodeUnknownEither(Update)],
  ["Tell", Schema.decodeUnknownEither(Tell)],
  ["Ping", Schema.decodeUnknownEither(Ping)],
  ["Exit", Schema.decodeUnknownEither(Exit)],
  ["Relay", Schema.decodeUnknownEither(Relay)]
])

/** What is read of a Schema's parse issue: enough to name the field, without the formatters, which cost 50 µs. */
interface Issue {
  readonly _tag: string
  readonly path?: PropertyKey | ReadonlyArray<PropertyKey>
  readonly issue?: Issue
  readonly issues?: Issue | ReadonlyArray<Issue>
}

const faultIn = (issue: Issue): string => {
  let at: Issue | undefined = issue
  while (at !== undefined && at._tag !== "Pointer") {
    const inner: Issue | ReadonlyArray<Issue> | undefined = at.issue ?? at.issues
    at = isList(inner) ? inner[0] : inner
  }
  return at === undefined ? "not the right fields" : `\`${String(at.path)}\` is missing or not valid`
}

const isList = (issues: Issue | ReadonlyArray<Issue> | undefined): issues is ReadonlyArray<Issue> =>
  Array.isArray(issues)

const parseObject = (line: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether no bracket of the line is nested deeper than in a request. Parsing what is nested a thousand times costs a
 * hundred times as much as this look.
 */
const isShallow = (line: string): boolean => {
  if (line.length <= FEW_CHARACTERS) return true
  let depth = 0
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) quoted = !quoted
    else if (quoted) continue
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth++
      if (depth > MAX_DEPTH) return false
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--
  }
  return true
}

/** Of characters: too few to nest anything that takes time. */
const FEW_CHARACTERS = 256
/** A request is an object with arrays of strings; two more for keys that later versions may add. */
const MAX_DEPTH = 4
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const idOf = (value: Record<string, unknown>): number | undefined =>
  Number.isSafeInteger(value.id) && (value.id as number) >= 0 ? (value.id as number) : undefined

const malformed = (id: number | undefined, what: string): RefusalEncoded =>
  withId(id, { _tag: "Malformed", message: `cannot read this line: ${what}` })

const withId = (id: number | undefined, refusal: RefusalBody): RefusalEncoded =>
  (id === undefined ? refusal : { id, ...refusal }) as RefusalEncoded
