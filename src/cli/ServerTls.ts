import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { ListeningTls, TlsCredentials } from "../services/Listener.js"
import type { Host } from "./commands/Host.js"
import { ProgramError } from "./ProgramError.js"

/** Where a server's certificate and its key lie. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/** Reads both. Fails with what to do when they cannot be read, or when others can read the key. */
export const read = (
  { cert, key }: TlsFiles,
  { exposure }: Pick<Host, "exposure">
): Effect.Effect<TlsCredentials, ProgramError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const exposed = yield* exposure(key, true)
    if (exposed !== undefined) return yield* new ProgramError({ message: `the key of the server: ${exposed}` })
    const [certificate, privateKey] = yield* Effect.mapError(
      Effect.all([files.readFileString(cert), files.readFileString(key)]),
      ({ message }) => new ProgramError({ message: `the certificate of the server: ${message}` })
    )
    return { certificate, privateKey }
  })

/**
 * Reads the files again. Links stay as they are; when the new files are no good, the log says so and the old ones are
 * shown further on.
 */
export const renew = (
  files: TlsFiles,
  tls: ListeningTls,
  host: Pick<Host, "exposure">
): Effect.Effect<void, never, FileSystem.FileSystem> =>
  Effect.flatMap(read(files, host), tls.renew).pipe(
    Effect.zipRight(told(tls)),
    Effect.catchAll(({ message }) =>
      Effect.annotateLogs(Effect.logError("the old certificate is shown further on"), { error: message })
    )
  )

/** Says in the log what clients see. */
export const told = (tls: ListeningTls): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { expires, key } = tls.shown()
    const until = new Date(expires).toISOString().slice(0, 10)
    yield* Effect.annotateLogs(Effect.logInfo("encrypting links with TLS"), { key, expires: until })
    const days = Math.floor((expires - Date.now()) / 86_400_000)
    const warning = Effect.logWarning(days < 0 ? "the certificate has expired" : "the certificate expires soon")
    if (days < SOON_DAYS) yield* Effect.annotateLogs(warning, { days })
  })

/** Half the time that is left when those who renew by themselves have tried for two weeks. */
const SOON_DAYS = 14
