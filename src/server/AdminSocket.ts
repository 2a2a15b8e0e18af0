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
import type { AdminDesk } from "./AdminDesk.js"

/**
 * Serves an operator on a socket of the file system, which its owner alone may connect to (the system sees to that), as
 * long as the scope lives. Each line is a request, and is answered by one; an answer follows what it tells of, on the
 * disk too (`save`). A line that is too long ends the connection.
 */
export const serve = (
  path: string,
  desk: AdminDesk,
  save: Effect.Effect<void>
): Effect.Effect<void, ListenError, Listener | Scope.Scope> =>
  Effect.gen(function* () {
    const listener = yield* Listener
    const fork = Runtime.runFork(yield* Effect.runtime<never>())
    let open = 0
    const accept = (connection: Connection): ConnectionHandler | undefined => {
      if (open >= MAX_OPERATORS) return undefined
      open++
      const lines = new LineFraming(MAX_ADMIN_REQUEST)
      const next = () => {
        const line = lines.next()
        if (line === undefined) return connection.resume()
        if (line._tag !== "Text") return connection.end()
        const request = decodeAdminRequest(line.text)
        // One after the other: nothing is read meanwhile.
        connection.pause()
        const finish = (answer: AdminAnswer) => {
          fork(
            Effect.map(save, () => {
              if (connection.send(encodeAdmin(answer))) next()
            })
          )
        }
        if (request === undefined) finish(UNREADABLE)
        else desk.ask(request, finish)
      }
      return {
        onData: (data) => {
          lines.push(data)
          next()
        },
        onClose: () => {
          open--
        }
      }
    }
    yield* listener.listen({ port: 0, socket: { path, mode: 0o600 }, sendQueue: 2 * MAX_ADMIN_ANSWER }, accept)
    yield* Effect.annotateLogs(Effect.logInfo("listening to the operator"), { at: path })
  })

/** Connections at a time. */
const MAX_OPERATORS = 8

const UNREADABLE = {
  _tag: "Refused",
  code: "Unreadable",
  message: "this server does not know that request: is it of another version?"
} as const
