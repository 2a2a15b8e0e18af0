import { writeSync } from "node:fs"
import process from "node:process"
import type { ReadStream, WriteStream } from "node:tty"
import { setFlagsFromString } from "node:v8"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TerminalText from "../../domain/TerminalText.js"
import { ORDERS, QUESTIONS, Terminal, TerminalClosed, type TerminalSize } from "../../services/Terminal.js"
import { pace } from "./Pace.js"
import { Signals } from "./Signals.js"
import { type OutputFailure, StandardOutput } from "./StandardOutput.js"

/** The process's own standard streams. On close, standard input no longer keeps the process alive. */
export const layer: Layer.Layer<Terminal> = Layer.scoped(
  Terminal,
  Effect.gen(function* () {
    const { stdin, stdout, stderr, env } = process
    const capable = stdout.isTTY === true && env.TERM !== "dumb"
    const interactive = capable && stdin.isTTY === true
    const colors = capable && (env.NO_COLOR ?? "") === ""
    const errorIsTty = stderr.isTTY === true && env.TERM !== "dumb"
    // A stream without a listener for errors throws them (EPIPE, EIO after a hang-up); `write` reports what matters.
    const ignore = () => {}
    yield* listening(stdout, "error", ignore)
    yield* listening(stderr, "error", ignore)
    const output = new StandardOutput()
    const write = (content: string | Uint8Array) => closing((done) => output.write(content, done))
    const answers = interactive && !SIMPLE.test(env.TERM ?? "")
    const signals = new Signals(answers, (env.TMUX ?? "") !== "")
    shown = signals
    const tell = (sequence: string) => (sequence === "" ? Effect.void : write(sequence))
    yield* Effect.addFinalizer(() => {
      const last = signals.takenBack
      shown = undefined
      return Effect.ignore(tell(last))
    })
    const keys = stdin.isTTY ? yield* keyboard(stdin) : NO_KEYBOARD

    const size = (): TerminalSize => {
      if (stdout.isTTY === true) (stdout as Sized)._refreshSize?.()
      return { columns: stdout.columns || stderr.columns || 80, rows: stdout.rows || stderr.rows || 24 }
    }

    return Terminal.of({
      interactive,
      inputIsTty: stdin.isTTY === true,
      outputIsTty: stdout.isTTY === true,
      errorIsTty,
      colors,
      canColor: capable,
      colorDepth: depth(stdout, env),
      background: backgroundOf(env.COLORFGBG),
      unicode: /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || ""),
      answers,
      size,
      resizes: Stream.map(occurrences(stdout, "resize"), size),
      input: input(stdin),
      ...keys,
      suspend: Effect.suspend(() => Effect.ignore(tell(signals.takenBack))).pipe(
        Effect.zipRight(keys.suspend),
        Effect.zipRight(Effect.suspend(() => Effect.ignore(tell(signals.again))))
      ),
      ...pace(),
      interrupts: Stream.unwrapScoped(Effect.as(withoutListeners("SIGINT"), occurrences(process, "SIGINT"))),
      stops: occurrences(process, "SIGTSTP"),
      continued: occurrences(process, "SIGCONT"),
      write: (text) => write(TerminalText.plain(text)),
      paint: (text) => write(TerminalText.painted(text, { colors: capable, cursor: interactive })),
      ask: (question) => (interactive ? write(QUESTIONS[question]) : Effect.void),
      order: (order) => {
        if (!interactive) return Effect.void
        isFull = order === "full" || (isFull && !order.startsWith("normal"))
        return write(ORDERS[order])
      },
      signal: (signal) => Effect.suspend(() => tell(signals.of(signal))),
      writeBytes: (bytes) => (stdout.isTTY === true ? TerminalClosed.isScreen : write(bytes)),
      flush: closing((done) => output.flush(done)),
      writeError: (text) => toStandardError(TerminalText.plain(text)),
      drawStatus: (line) =>
        errorIsTty ? toStandardError(`\r${TerminalText.plain(line).replaceAll("\n", " ")}${ERASE_REST}`) : Effect.void
    })
  })
)

/**
 * Node asks the system for the size when it hears of a change (SIGWINCH), which may be after a key that was typed
 * later: what that key draws would be for a window that is no more. So it asks; it tells of a change as ever.
 */
type Sized = WriteStream & { readonly _refreshSize?: () => void }

/** Node knows of `COLORTERM`, and of terminals by their names; but `NO_COLOR` and `FORCE_COLOR` are not about depth. */
const depth = (stdout: WriteStream, env: NodeJS.ProcessEnv): number => {
  if (stdout.isTTY !== true) return 4
  const { FORCE_COLOR: _, NODE_DISABLE_COLORS: __, NO_COLOR: ___, ...rest } = env
  return Math.max(4, stdout.getColorDepth(rest))
}

/** "15;0", or "15;default;0": the last one is the colour of the ground, one of the sixteen. */
const backgroundOf = (variable: string | undefined): "dark" | "light" | undefined => {
  const [, color] = /;(\d{1,2})$/.exec(variable ?? "") ?? []
  if (color === undefined || Number(color) > 15) return undefined
  return LIGHT.has(Number(color)) ? "light" : "dark"
}

/** Of the sixteen colours: white, and the bright ones but for bright black. */
const LIGHT: ReadonlySet<number> = new Set([7, 9, 10, 11, 12, 13, 14, 15])

/** What the terminal that is open was told, for `crash`. */
let shown: Signals | undefined

/** Terminals that may write what they do not know on the screen: the consoles of systems, and terminals of glass. */
const SIMPLE = /^(?:linux|vt\d|cons25|sun|wsvt25|ansi|$)/

/** Tells of an error that nobody caught, and ends the process: there is nobody left who could. */
export const crash = (error: unknown): never => {
  const message = TerminalText.plain(error instanceof Error ? error.message : String(error)).replaceAll("\n", " ")
  try {
    const screen = isFull ? ORDERS.noMouse + ORDERS.normal : ""
    if (process.stdout.isTTY) writeSync(process.stdout.fd, `${screen}${TAKEN_BACK}${shown?.takenBack ?? ""}`)
    writeSync(process.stderr.fd, `parley: internal error: ${message}\n`)
  } catch {
    // Standard error is closed or full.
  }
  process.exit(1)
}

/** Whether the process has turned its terminal to the other screen. */
let isFull = false

/**
 * What a client may have set on the screen: pastes marked (2004), the focus told (1004), drawing held back (2026). Node
 * unsets raw mode.
 */
const TAKEN_BACK = "\r\n\u001b[?2026l\u001b[?2004l\u001b[?1004l"

const toStandardError = (text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    process.stderr.write(text, () => resume(Effect.void))
  })

const closing = (
  act: (done: (failure: OutputFailure | undefined) => void) => void
): Effect.Effect<void, TerminalClosed> =>
  Effect.async((resume) =>
    act((failure) => resume(failure === undefined ? Effect.void : Effect.fail(new TerminalClosed(failure))))
  )

const ERASE_REST = "\u001b[K"

/** Keys one by one, and how they survive a stop of the program. */
const keyboard = (stdin: ReadStream) =>
  Effect.gen(function* () {
    let isRaw = false
    const set = (raw: boolean) =>
      Effect.sync(() => {
        isRaw = raw
        stdin.setRawMode(raw)
      })
    yield* listening(process, "SIGCONT", () => {
      if (!isRaw) return
      // Whoever continued us, a shell as a rule, left the terminal as it wanted it; Node believes it is still raw.
      stdin.setRawMode(false)
      stdin.setRawMode(true)
    })
    return {
      raw: Effect.asVoid(Effect.acquireRelease(set(true), () => set(false))).pipe(Effect.zipLeft(spareMemory)),
      suspend: Effect.async<void>((resume) => {
        // Only the default action of SIGTSTP stops a process, and spares one that no shell could continue.
        const listeners = process.listeners("SIGTSTP")
        process.removeAllListeners("SIGTSTP")
        stdin.setRawMode(false)
        // The whole job stops, as when the terminal itself sends it: a shell waits for all of a pipeline.
        process.kill(0, "SIGTSTP")
        // We stop on the way here or not at all; the timer goes on with us.
        setTimeout(() => {
          for (const listener of listeners) process.on("SIGTSTP", listener)
          stdin.setRawMode(isRaw)
          // The loop reads of the SIGCONT that ended this stop only now: it is told before we are done.
          setImmediate(() => resume(Effect.void))
        }, STOPPING)
      })
    }
  })

/**
 * Whoever has the keyboard keeps the program open all day, and after a flood V8 would keep the room that its garbage
 * took: 95 MB after 100,000 messages, where it is 26 MB so, for a tenth more processor while they come.
 */
const spareMemory = Effect.acquireRelease(
  Effect.sync(() => setTimeout(() => FLAGS.forEach(setFlagsFromString), STARTED).unref()),
  (timer) => Effect.sync(() => clearTimeout(timer))
)

/** The room of what is new grows no more, that of what is old by a fifth at a time. */
const FLAGS = ["--semi-space-growth-factor=1", "--heap-growing-percent=20"]
/** ms: not before `KeptCode` has kept what V8 has compiled, which V8 takes back only with the same flags. */
const STARTED = 5_000

/** ms within which the system has delivered a signal that we send ourselves. */
const STOPPING = 50

const NO_KEYBOARD = { raw: Effect.void, suspend: Effect.void }

const listening = (emitter: NodeJS.EventEmitter, event: string, listener: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => emitter.on(event, listener)),
    () => Effect.sync(() => emitter.off(event, listener))
  )

/** Whoever has listened to a signal does not hear of it in this scope. */
const withoutListeners = (signal: NodeJS.Signals) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const listeners = process.listeners(signal)
      process.removeAllListeners(signal)
      return listeners
    }),
    (listeners) =>
      Effect.sync(() => {
        for (const listener of listeners) process.on(signal, listener)
      })
  )

/** One element for each time, or for many of which none was taken. */
const occurrences = (emitter: NodeJS.EventEmitter, event: string): Stream.Stream<void> =>
  Stream.asyncPush<void>((emit) => listening(emitter, event, () => emit.single()), {
    bufferSize: 1,
    strategy: "sliding"
  })

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
