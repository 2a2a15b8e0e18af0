import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import {
  type AdminAnswer,
  decodeAdminRequest,
  encodeAdmin,
  MAX_ADMIN_ANSWER,
  MAX_ADMIN_REQUEST
} from "../protocol/Admin.js"
import { LineFraming } from "../protocol/LineFraming.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import { type ListenError, Listener } from "../services/Listener.js"
import * as Time from "../services/Time.js"
import type { AdminDesk } from "./AdminDesk.js"

/**
 * Serves an operator on a socket of the file system, which its owner alone may connect to (the system sees to that), as
 * long as the scope lives. Each line is a request, and is answered by one; an answer follows what it tells of, on the
 * disk too (`save`). A line that is too long ends the connection. Requests are answered one after the other, and leave
 * most of the time to clients.
 */
export const serve = (
  path: string,
  desk: AdminDesk,
  save: Effect.Effect<void>
): Effect.Effect<void, ListenError, Listener | Scope.Scope> =>
  Effect.gen(function* () {
    const listener = yield* Listener
    const { monotonic } = yield* Time.make
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    const turn = yield* Effect.makeSemaphore(1)
    /** Those who said something last come last. */
    const operators = new Set<Connection>()
    const answered = (line: string, connection: Connection) =>
      Effect.gen(function* () {
        const start = monotonic()
        const answer = yield* answerTo(desk, line)
        yield* save
        const isOpen = connection.send(encodeAdmin(answer))
        // Clients have their turn, whatever a script asks for.
        yield* Effect.sleep(Math.min(Math.max(1, (monotonic() - start) * REST), MAX_REST_MS))
        return isOpen
      })
    const accept = (connection: Connection): ConnectionHandler => {
      const [silent] = operators
      if (operators.size >= MAX_OPERATORS) silent?.end()
      operators.add(connection)
      const lines = new LineFraming(MAX_ADMIN_REQUEST)
      const next = () => {
        const line = lines.next()
        if (line === undefined) return connection.resume()
        if (line._tag !== "Text") return connection.end()
        // One after the other: nothing is read meanwhile.
        connection.pause()
        fork(Effect.map(turn.withPermits(1)(answered(line.text, connection)), (isOpen) => isOpen && next()))
      }
      return {
        onData: (data) => {
          if (operators.delete(connection)) operators.add(connection)
          lines.push(data)
          next()
        },
        onClose: () => operators.delete(connection)
      }
    }
    yield* listener.listen({ port: 0, socket: { path, mode: 0o600 }, sendQueue: 2 * MAX_ADMIN_ANSWER }, accept)
    yield* Effect.annotateLogs(Effect.logInfo("listening to the operator"), { at: path })
  })

const answerTo = (desk: AdminDesk, line: string): Effect.Effect<AdminAnswer> =>
  Effect.async((resume) => {
    const request = decodeAdminRequest(line)
    if (request === undefined) resume(Effect.succeed(UNREADABLE))
    else desk.ask(request, (answer) => resume(Effect.succeed(answer)))
  })

/** Connections at a time: one more, and the one that was silent for longest ends. */
const MAX_OPERATORS = 8
/** After an answer, all operators wait for so many times what it took: they have a fifth of the server. */
const REST = 4
/** ms: what took longer has waited for others. */
const MAX_REST_MS = 100

const UNREADABLE = {
  _tag: "Refused",
  code: "Unreadable",
  message: "this server does not know that request: is it of another version?"
} as const
