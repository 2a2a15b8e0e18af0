import process from "node:process"
import type { ReadStream } from "node:tty"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Terminal, TerminalClosed, type TerminalSize } from "../../services/Terminal.js"

/** The process's own standard streams. On close, standard input no longer keeps the process alive. */
export const layer: Layer.Layer<Terminal> = Layer.scoped(
  Terminal,
  Effect.gen(function* () {
    const { stdin, stdout, stderr, env } = process
    const capable = stdout.isTTY === true && env.TERM !== "dumb"
    // A stream without a listener for errors throws them (EPIPE, EIO after a hang-up); `write` reports what matters.
    const ignore = () => {}
    stdout.on("error", ignore)
    stderr.on("error", ignore)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        stdout.off("error", ignore)
        stderr.off("error", ignore)
      })
    )

    const size = (): TerminalSize => ({
      columns: stdout.columns || stderr.columns || 80,
      rows: stdout.rows || stderr.rows || 24
    })

    const write = (content: string | Uint8Array) =>
      Effect.async<void, TerminalClosed>((resume) => {
        stdout.write(content, (error) =>
          resume(error ? Effect.fail(new TerminalClosed({ cause: error })) : Effect.void)
        )
      })

    return Terminal.of({
      interactive: capable && stdin.isTTY === true,
      inputIsTty: stdin.isTTY === true,
      outputIsTty: stdout.isTTY === true,
      errorIsTty: stderr.isTTY === true && env.TERM !== "dumb",
      colors: capable && (env.NO_COLOR ?? "") === "",
      size,
      resizes: Stream.asyncPush<TerminalSize>(
        (emit) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const resized = () => emit.single(size())
              stdout.on("resize", resized)
              return resized
            }),
            (resized) => Effect.sync(() => stdout.off("resize", resized))
          ),
        { bufferSize: 1, strategy: "sliding" }
      ),
      input: input(stdin),
      raw: stdin.isTTY
        ? Effect.asVoid(
            Effect.acquireRelease(
              Effect.sync(() => stdin.setRawMode(true)),
              () => Effect.sync(() => stdin.setRawMode(false))
            )
          )
        : Effect.void,
      write,
      writeBytes: write,
      writeError: (text) =>
        Effect.async<void>((resume) => {
          stderr.write(text, () => resume(Effect.void))
        })
    })
  })
)

/** Reads on demand (paused mode), which leaves what nobody asked for in the system's pipe. */
const input = (stdin: ReadStream): Stream.Stream<Uint8Array> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      let ended = false
      let wake = () => {}
      const readable = () => wake()
      const end = () => {
        ended = true
        wake()
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          stdin.on("readable", readable)
          for (const event of ENDS) stdin.on(event, end)
        }),
        () =>
          Effect.sync(() => {
            stdin.off("readable", readable)
            for (const event of ENDS) stdin.off(event, end)
            // Whatever is still unread must not keep the process alive.
            stdin.on("error", () => {})
            stdin.pause()
            stdin.unref?.()
          })
      )
      return Stream.repeatEffectOption(
        Effect.async<Uint8Array, Option.Option<never>>((resume) => {
          const attempt = () => {
            const chunk: Uint8Array | null = stdin.read()
            if (chunk === null && !ended) return
            wake = () => {}
            resume(chunk === null ? Effect.fail(Option.none()) : Effect.succeed(chunk))
          }
          wake = attempt
          attempt()
          return Effect.sync(() => {
            wake = () => {}
          })
        })
      )
    })
  )

/** A terminal that hangs up gives an error, not an end. */
const ENDS = ["end", "close", "error"] as const
