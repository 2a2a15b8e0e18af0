import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as SafeText from "../domain/SafeText.js"
import {
  type AdminAnswer,
  type AdminRequest,
  decodeAdminAnswer,
  encodeAdmin,
  type LimitValue,
  MAX_ADMIN_ANSWER
} from "../protocol/Admin.js"
import { LineFraming } from "../protocol/LineFraming.js"
import type { Connection } from "../services/Connection.js"
import { Dialer } from "../services/Dialer.js"
import { Terminal, type TerminalClosed } from "../services/Terminal.js"
import type { AdminSettings } from "./commands/ServerAdmin.js"
import { ExitCode } from "./ExitCode.js"
import { ProgramError } from "./ProgramError.js"
import * as Values from "./Values.js"

/** `parley server admin`: asks a server on this machine, over its operator's socket, and shows what it says. */
export const run = ({
  admin,
  json,
  request
}: AdminSettings): Effect.Effect<void, ProgramError | TerminalClosed, Dialer | Terminal> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { write } = yield* Terminal
      const ask = yield* connect(admin)
      let found = 0
      for (let next: AdminRequest | undefined = request; next !== undefined; ) {
        const answer: AdminAnswer = yield* ask(next)
        if (answer._tag === "Refused")
          return yield* new ProgramError({
            message: answer.message,
            exitCode: answer.code === "NotFound" ? ExitCode.noSuchPeer : ExitCode.failure
          })
        const after: number | undefined = "next" in answer ? answer.next : undefined
        next = after === undefined ? undefined : ({ ...request, after } as AdminRequest)
        if (answer._tag === "Sessions") {
          found += answer.sessions.length
          if (next === undefined) yield* someFound(request, found)
          // The server looks at so many at a time, and none of these was meant.
          if (answer.sessions.length === 0 && (next !== undefined || found > 0)) continue
        }
        yield* write(
          json
            ? encodeAdmin(answer)
            : linesOf(answer, request)
                .map((line) => `${line}\n`)
                .join("")
        )
      }
    })
  )

/** Fails where nobody has what was looked for. */
const someFound = (request: AdminRequest, found: number): Effect.Effect<void, ProgramError> =>
  request._tag === "Who" && request.match !== undefined && found === 0
    ? new ProgramError({
        message: `nobody here has ${request.match} in nickname, address or token's name`,
        exitCode: ExitCode.noSuchPeer
      })
    : Effect.void

type Ask = (request: AdminRequest) => Effect.Effect<AdminAnswer, ProgramError>

/** The server's answer to one request after the other. */
const connect = (socket: string): Effect.Effect<Ask, ProgramError, Dialer | Scope.Scope> =>
  Effect.gen(function* () {
    const { dial } = yield* Dialer
    const run = Runtime.runSync(yield* Effect.runtime<never>())
    const lines = new LineFraming(MAX_ADMIN_ANSWER)
    let waiting: Deferred.Deferred<AdminAnswer, ProgramError> | undefined
    const settle = (answer: Effect.Effect<AdminAnswer, ProgramError>) => {
      if (waiting !== undefined) run(Deferred.complete(waiting, answer))
    }
    const handler = () => ({
      onData: (data: Uint8Array) => {
        lines.push(data)
        const line = lines.next()
        const answer = line?._tag === "Text" ? decodeAdminAnswer(line.text) : undefined
        if (line !== undefined) settle(answer === undefined ? OTHER_VERSION : Effect.succeed(answer))
      },
      onClose: () => settle(GONE)
    })
    const connection: Connection = yield* Effect.mapError(
      dial({ host: "localhost", port: 1, socket }, handler),
      ({ message, reason }) =>
        new ProgramError({
          message: reason === "Refused" ? `${message}: start a server with --admin ${socket}` : message
        })
    )
    return (request) =>
      Effect.gen(function* () {
        waiting = yield* Deferred.make<AdminAnswer, ProgramError>()
        if (!connection.send(encodeAdmin(request))) return yield* GONE
        return yield* Deferred.await(waiting)
      })
  })

const GONE = Effect.fail(new ProgramError({ message: "the server has closed the connection without an answer" }))
const OTHER_VERSION = Effect.fail(
  new ProgramError({ message: "the server's answer cannot be read: is it of another version?" })
)

/** What people read. */
const linesOf = (answer: AdminAnswer, request: AdminRequest): ReadonlyArray<string> => {
  switch (answer._tag) {
    case "Sessions":
      return answer.sessions.map(({ address, fingerprint, holder, nick, session, since }) =>
        [
          `#${session}`,
          SafeText.line(nick ?? "-"),
          address,
          fingerprint ?? "no identity",
          `since ${timeOf(since)}`,
          ...(holder === undefined ? [] : [`token of ${holder}`])
        ].join("  ")
      )
    case "Bans":
      return answer.bans.map(({ reason, until, what }) =>
        [what, until === undefined ? "for good" : `until ${timeOf(until)}`, SafeText.line(reason ?? "")]
          .join("  ")
          .trim()
      )
    case "Reserved":
      return answer.nicks.map((nick) => SafeText.line(nick))
    case "Tokens":
      return answer.tokens.map(({ id, name, since }) => `${name}  ${id}  since ${timeOf(since)}`)
    case "Limits":
      return Object.entries(answer.limits).map(([name, value]) => `${name}=${limitOf(name, value)}`)
    case "Token":
      return [
        answer.token,
        `* this token is for ${answer.name}, and is not shown again: only its hash is kept${nodesOf(answer.nodes)}`
      ]
    case "Stats":
      return flat(answer.stats).map(([name, value]) => `${name}=${value}`)
    case "Done":
      return doneOf(answer, request)
    case "Refused":
      return [answer.message]
  }
}

const doneOf = (
  { ended, kept, nodes, what = "" }: Extract<AdminAnswer, { readonly _tag: "Done" }>,
  request: AdminRequest
): ReadonlyArray<string> => {
  const name = SafeText.line(what)
  const sessions = ended === 0 ? "" : `; ${ended === 1 ? "1 session" : `${ended} sessions`} ended`
  const until = `${kept ? "" : " (until the server ends: it was started without --bans)"}${nodesOf(nodes)}`
  const everywhere = nodesOf(nodes)
  switch (request._tag) {
    case "Kick":
      return [`* kicked ${name}${sessions}${nodesOf(nodes && { ...nodes, told: 0 }, "")}`]
    case "Ban":
      return [`* banned ${name}${sessions}${until}`]
    case "Allow":
      return [`* ${name} is banned no longer${everywhere}`]
    case "Reserve":
      return [`* ${name} is reserved${until}`]
    case "Release":
      return [`* ${name} is reserved no longer${everywhere}`]
    case "RevokeToken":
      return [`* the token of ${name} is revoked${sessions}${everywhere}`]
    case "Drain":
      return ["* nobody is let in any more, those who are here are sent on, and the server ends when it is empty"]
    default:
      return []
  }
}

/** On which other nodes it counts too. */
const nodesOf = (
  nodes: { readonly told: number; readonly silent: number } | undefined,
  after = ", and will be told again"
): string => {
  if (nodes === undefined) return ""
  const { silent, told } = nodes
  const others = (count: number) => (count === 1 ? "1 other node" : `${count} other nodes`)
  const late = silent === 0 ? "" : `; ${others(silent)} did not answer${after}`
  return `${told === 0 ? "" : `; on ${others(told)} too`}${late}`
}

const timeOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ")

/** As it would be typed. */
const limitOf = (name: string, value: LimitValue): string =>
  typeof value !== "number" ? Values.rateText(value) : /timeout|spread/.test(name) ? `${value / 1000}s` : String(value)

/** Every figure by its path. */
const flat = (value: unknown, path = ""): ReadonlyArray<readonly [string, string]> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => flat(inner, path === "" ? key : `${path}.${key}`))
    : [[path, SafeText.line(String(value))]]
