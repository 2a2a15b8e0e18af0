import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Terminal } from "../../services/Terminal.js"
import { LineReader } from "../LineReader.js"
import { MAX_INPUT, type Ui } from "./Ui.js"
import { flat } from "./Wrap.js"

/** Lines in, lines out, for pipes and simple terminals: no prompt and no control characters. */
export const make: Effect.Effect<Ui, never, Terminal> = Effect.map(Terminal, (terminal) => ({
  print: (lines) =>
    lines.length === 0
      ? Effect.void
      : Effect.zipRight(terminal.paint(`${lines.flatMap(flat).join("\n")}\n`), terminal.breathe),
  restore: () => Effect.void,
  read: (handlers) => {
    const reader = new LineReader(MAX_INPUT)
    const accept = (lines: ReturnType<LineReader["push"]>) =>
      Effect.forEach(
        lines,
        (line) =>
          line._tag === "Line"
            ? handlers.line(line.text)
            : Effect.ignore(terminal.write(`* a line has at most ${MAX_INPUT} bytes\n`)),
        { discard: true }
      )
    return terminal.input.pipe(
      Stream.runForEach((chunk) => accept(reader.push(chunk))),
      Effect.zipRight(Effect.suspend(() => accept(reader.end()))),
      Effect.as("end" as const)
    )
  }
}))
