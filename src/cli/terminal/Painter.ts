import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Terminal, TerminalClosed, TerminalSize } from "../../services/Terminal.js"
import { Backlog } from "./Backlog.js"
import { CLEAR, Frame, type Position } from "./Frame.js"
import { FullScreen } from "./FullScreen.js"
import * as Glyphs from "./Glyphs.js"
import { type InputView, layOut } from "./Layout.js"
import { Pane } from "./Pane.js"
import type { Earlier, View } from "./View.js"
import { type Printed, wrap } from "./Wrap.js"

/** What is drawn: asked each time. */
export interface Picture {
  readonly view: View
  /** What is typed, and what the rows above it say. */
  readonly typed: (columns: number) => InputView
}

/** What the painter is made of. */
interface Parts {
  readonly terminal: Terminal["Type"]
  readonly picture: Picture
  /** Drawing goes by steps from the state before to the state after: two at a time would garble the screen. */
  readonly turn: Effect.Semaphore
  /** Open when there is something to draw. */
  readonly due: Effect.Latch
  /** Open when there is room for more. */
  readonly room: Effect.Latch
}

/**
 * Draws at a pace: what is printed is gathered, and shown once a frame, whatever comes; what is typed is shown at once,
 * before what is printed. While the size of the window changes nothing is drawn, as nobody knows where the rows are.
 */
export class Painter {
  readonly #parts: Parts
  readonly #backlog = new Backlog()
  readonly #frame = new Frame()
  /** The window is changing, and has been no wider than that on the way; `asked` waits for where the cursor is. */
  #changing: { narrowest: number; asked?: Deferred.Deferred<Position> } | undefined
  /** Of the screen that the rows were drawn on. */
  #columns: number | undefined
  /** How long after a change the window has its size. */
  #settled: Duration.DurationInput = SETTLED
  /** The screen that is ours alone, while it is shown. */
  #full: FullScreen | undefined
  #hasMouse = false
  /** What was printed outside of conversations. */
  readonly #lobby = new Pane()
  #closed: TerminalClosed | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What draws while the scope lives. */
  get run(): Effect.Effect<void, never, Scope.Scope> {
    const frames = this.#parts.due.await.pipe(
      Effect.zipRight(this.#parts.terminal.nextFrame),
      Effect.zipRight(Effect.suspend(() => this.draw)),
      Effect.forever
    )
    const sizes = this.#parts.terminal.resizes.pipe(
      Stream.tap(({ columns }) =>
        Effect.sync(() => {
          if (this.#full !== undefined) this.#full.isDisplaced = true
          else this.#changing = { narrowest: Math.min(columns, this.#changing?.narrowest ?? columns) }
        })
      ),
      Stream.flatMap((size) => Stream.fromEffect(Effect.as(Effect.sleep(this.#settled), size)), { switch: true }),
      Stream.runForEach((size) => (this.#full === undefined ? this.#settle(size) : this.draw))
    )
    return Effect.forkScoped(Effect.ignore(Effect.raceFirst(frames, Effect.zipRight(sizes, Effect.never)))).pipe(
      Effect.asVoid
    )
  }

  /** Has these printed, and the bottom rows drawn, with the next frame. Waits only where far too much is waiting. */
  print(printed: ReadonlyArray<Printed>): Effect.Effect<void, TerminalClosed> {
    return Effect.suspend(() => {
      if (this.#closed !== undefined) return this.#closed
      const full = this.#full
      if (full?.isElsewhere === true) {
        full.add(this.#backlog.take((from, count) => this.#parts.picture.view.skipped(from, count)))
        full.turn()
      }
      this.#backlog.add(printed)
      this.#parts.due.unsafeOpen()
      if (this.#backlog.size < MAX_WAITING) return this.#parts.terminal.breathe
      this.#parts.room.unsafeClose()
      return this.#parts.room.await
    })
  }

  /** The bottom rows now, as a key has changed them. */
  get type(): Effect.Effect<void, TerminalClosed> {
    return this.#write((size) => this.#draw([], size))
  }

  /** Everything that waits, now. */
  get draw(): Effect.Effect<void, TerminalClosed> {
    return this.#write((size) => {
      this.#parts.due.unsafeClose()
      this.#parts.room.unsafeOpen()
      const { view } = this.#parts.picture
      const printed = this.#backlog.take((from, count) => view.skipped(from, count))
      if (this.#full !== undefined) this.#full.add(printed)
      else if (view.conversation === "") this.#lobby.add(printed)
      return this.#draw(printed, size)
    }).pipe(Effect.zipLeft(this.#followMouse))
  }

  /** Whether the screen that is shown is ours alone. */
  get isFull(): boolean {
    return this.#full !== undefined
  }

  /** To the screen that is ours alone; nothing of ours but what was printed stays on the other. */
  get enter(): Effect.Effect<void, TerminalClosed> {
    const { picture, terminal, turn } = this.#parts
    const entered = Effect.gen(this, function* () {
      yield* terminal.paint(this.#frame.wipe())
      yield* terminal.order("full")
      this.#full = new FullScreen({ view: picture.view, input: picture.typed, terminal }, this.#lobby)
    })
    return this.#beginBelow.pipe(
      Effect.zipRight(this.draw),
      Effect.zipRight(turn.withPermits(1)(entered)),
      Effect.zipRight(this.draw)
    )
  }

  /** Back to the normal screen, which is told what was printed meanwhile. */
  get return(): Effect.Effect<void, TerminalClosed> {
    const { picture, terminal, turn } = this.#parts
    return Effect.suspend(() => {
      const full = this.#full
      if (full === undefined) return Effect.void
      full.add(this.#backlog.take((from, count) => picture.view.skipped(from, count)))
      const returned = Effect.gen(this, function* () {
        if (this.#hasMouse) yield* terminal.order("noMouse")
        this.#hasMouse = false
        yield* terminal.order(full.isDisplaced ? "normalBelow" : "normal")
        this.#full = undefined
        this.#columns = terminal.size().columns
        yield* terminal.paint(this.#draw(full.untold, terminal.size()))
      })
      return turn.withPermits(1)(Effect.tapError(returned, this.#fail))
    })
  }

  /** Goes through what was said; gives what is to be looked for, where more is wanted than is there. */
  scroll(by: "page" | "wheel", direction: "up" | "down"): Effect.Effect<FullScreen["wanted"], TerminalClosed> {
    return Effect.suspend(() => {
      const full = this.#full
      if (full === undefined) return Effect.succeed(undefined)
      const isUp = full.scroll(by, direction)
      return Effect.map(this.type, () => (isUp ? full.wanted : undefined))
    })
  }

  /** Shows what was found. */
  found(conversation: string, { printed, since }: Earlier): Effect.Effect<void, TerminalClosed> {
    this.#full?.found(conversation, printed, since)
    return this.type
  }

  /** To what was said last, with the next drawing. */
  toEnd(): void {
    this.#full?.toEnd()
  }

  /** The mouse is wanted, or no longer. */
  get #followMouse(): Effect.Effect<void, TerminalClosed> {
    return Effect.suspend(() => {
      const isWanted = this.#full !== undefined && this.#parts.picture.view.mouse
      if (isWanted === this.#hasMouse) return Effect.void
      this.#hasMouse = isWanted
      return this.#parts.turn.withPermits(1)(this.#parts.terminal.order(isWanted ? "mouse" : "noMouse"))
    })
  }

  /** The terminal has said where the cursor is. */
  heard(position: Position): void {
    const asked = this.#changing?.asked
    if (asked !== undefined) Deferred.unsafeDone(asked, Effect.succeed(position))
  }

  /** Leaves nothing of the bottom rows, but all that was printed; `last` is what the terminal is to be told besides. */
  leave(last: string): Effect.Effect<void> {
    const ready = this.return.pipe(Effect.zipRight(this.#beginBelow), Effect.zipRight(this.draw))
    return Effect.ignore(
      Effect.zipRight(
        ready,
        this.#paint(() => `${this.#frame.wipe()}${last}`)
      )
    )
  }

  /** Other programs have written to the screen: the bottom rows are drawn anew below. */
  takeAgain(first: string): Effect.Effect<void> {
    const forgotten = this.#paint((size) => {
      this.#changing = undefined
      this.#columns = size.columns
      this.#frame.forget()
      this.#full?.forget()
      return first
    })
    const again = Effect.suspend(() => {
      if (this.#full === undefined) return Effect.void
      this.#hasMouse = false
      this.#full.isDisplaced = true
      return this.#parts.turn.withPermits(1)(this.#parts.terminal.order("full"))
    })
    return Effect.ignore(forgotten.pipe(Effect.zipRight(again), Effect.zipRight(this.draw)))
  }

  /** The terminal has told its name. */
  knows(name: string): void {
    this.#frame.knows(name)
    if (/^tmux\b/.test(name)) this.#settled = SETTLED_IN_TMUX
  }

  get clear(): Effect.Effect<void, TerminalClosed> {
    const cleared = this.#write(() => {
      this.#frame.forget()
      this.#full?.forget()
      return CLEAR
    })
    return Effect.zipRight(cleared, this.type)
  }

  /** Finds out where the rows are after the size has changed, and draws them anew. */
  #settle(size: TerminalSize): Effect.Effect<void, TerminalClosed> {
    return Effect.gen(this, function* () {
      const changing = this.#changing
      if (changing === undefined) return
      const asked = yield* Deferred.make<Position>()
      changing.asked = asked
      yield* this.#parts.turn.withPermits(1)(this.#parts.terminal.ask("position"))
      const position = yield* Effect.timeoutOption(Deferred.await(asked), ANSWER)
      // It changes again already: what was heard is of no use.
      if (this.#changing !== changing) return
      this.#changing = undefined
      this.#columns = size.columns
      const found = position._tag === "Some" ? position.value : undefined
      yield* this.#paint(() => this.#frame.resized(found, changing.narrowest, size))
      yield* this.draw
    })
  }

  /** Waits no longer for the window, should it be changing. */
  get #beginBelow(): Effect.Effect<void, TerminalClosed> {
    return this.#paint((size) => {
      const changing = this.#changing
      this.#changing = undefined
      this.#columns = size.columns
      return changing === undefined ? "" : this.#frame.resized(undefined, changing.narrowest, size)
    })
  }

  #draw(printed: ReadonlyArray<Printed>, size: TerminalSize): string {
    if (this.#full !== undefined) return this.#full.draw(size)
    const { picture, terminal } = this.#parts
    const given = picture.typed(size.columns)
    const typed = terminal.unicode ? given : Glyphs.asciiInput(given)
    // A line that is quite full would wrap on some terminals.
    const view = { ...typed, status: [...picture.view.held(size.columns - 1), ...(typed.status ?? [])] }
    const shown = terminal.unicode ? printed : printed.map(Glyphs.asciiPrinted)
    return this.#frame.draw(
      shown.flatMap((each) => wrap(each, size.columns)),
      layOut(view, size),
      size
    )
  }

  /** Writes what `make` makes, unless the window is changing: it is drawn when that has come to an end. */
  #write(make: (size: TerminalSize) => string): Effect.Effect<void, TerminalClosed> {
    return this.#paint((size) => {
      this.#columns ??= size.columns
      if (this.#full !== undefined) return make(size)
      return this.#changing === undefined && this.#columns === size.columns ? make(size) : ""
    })
  }

  #paint(make: (size: TerminalSize) => string): Effect.Effect<void, TerminalClosed> {
    return this.#parts.turn.withPermits(1)(
      Effect.suspend(() => {
        const out = make(this.#parts.terminal.size())
        return out === "" ? Effect.void : Effect.tapError(this.#parts.terminal.paint(out), this.#fail)
      })
    )
  }

  readonly #fail = (closed: TerminalClosed) =>
    Effect.sync(() => {
      this.#closed = closed
      this.#parts.room.unsafeOpen()
    })
}

export const make = (terminal: Terminal["Type"], picture: Picture): Effect.Effect<Painter> =>
  Effect.gen(function* () {
    return new Painter({
      terminal,
      picture,
      turn: yield* Effect.makeSemaphore(1),
      due: yield* Effect.makeLatch(false),
      room: yield* Effect.makeLatch(true)
    })
  })

/** Windows are dragged in many steps: that long after the last one they have their size. */
const SETTLED = "50 millis"
/** tmux tells of a second change only 250 ms after the first, while its screen may be narrower already. */
const SETTLED_IN_TMUX = "300 millis"
/** More than a terminal at the other end of the world takes to answer. */
const ANSWER = "500 millis"
/** Entries that may wait for a frame: more are made only by commands that print whole histories. */
const MAX_WAITING = 2000
