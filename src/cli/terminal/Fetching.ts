import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Terminal } from "../../services/Terminal.js"
import type { ChatModel } from "./ChatModel.js"
import type { Change } from "./Settings.js"

/**
 * The terminal as the settings have it: with the signs that were chosen, and with whatever fetches the person sent to
 * it after all that is painted and typed. `onInput` is done for all that comes from the keyboard.
 */
export const attentive = (
  chat: ChatModel,
  terminal: Terminal["Type"],
  onInput: Effect.Effect<void>
): Effect.Effect<Terminal["Type"], never, Scope.Scope> =>
  Effect.gen(function* () {
    const live = Object.defineProperty({ ...terminal } as Writable, "unicode", {
      get: () => chat.settings.get("glyphs") === "unicode",
      enumerable: true
    })
    live.input = Stream.tap(terminal.input, () => onInput)
    if (!terminal.interactive) return live
    const due = yield* Effect.makeLatch(true)
    chat.attention.wake = () => due.unsafeOpen()
    const fetch = due.await.pipe(
      Effect.zipRight(Effect.sync(() => due.unsafeClose())),
      Effect.zipRight(
        Effect.suspend(() => Effect.forEach(chat.signals(), (signal) => terminal.signal(signal), { discard: true }))
      ),
      Effect.forever
    )
    yield* Effect.forkScoped(Effect.ignore(fetch))
    return Object.assign(live, {
      input: Stream.tap(live.input, () => Effect.sync(() => chat.attention.active()))
    })
  })

type Writable = { -readonly [Name in keyof Terminal["Type"]]: Terminal["Type"][Name] }

/** What the terminal says of itself, as settings. */
export const ofTerminal = ({
  background,
  canColor,
  colorDepth,
  colors,
  unicode
}: Terminal["Type"]): ReadonlyArray<Change> => [
  { name: "glyphs", value: unicode ? "unicode" : "ascii" },
  { name: "colors", value: !colors || !canColor ? "off" : colorDepth >= 24 ? "true" : colorDepth >= 8 ? "256" : "16" },
  ...(background === undefined ? [] : [{ name: "background", value: background } as const])
]
