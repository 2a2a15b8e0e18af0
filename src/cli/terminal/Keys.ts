import type { Key } from "./Key.js"
import * as Sequences from "./Sequences.js"

/**
 * Decodes the bytes of a terminal in raw mode (ECMA-48, xterm's control sequences, `CSI u` and modifyOtherKeys).
 * Sequences and characters may be split over chunks anywhere; what is unknown is swallowed whole, strings to their end,
 * so that nothing of it is ever taken for text. Holds at most `MAX_PASTE` characters.
 */
export class KeyDecoder {
  readonly #decoder = new TextDecoder()
  #pending = ""
  /** The control string that is being swallowed: its beginning. */
  #string: string | undefined
  /** What has been pasted so far, while a paste is going on; its beginning when it is too long. */
  #paste: string | undefined
  /** Characters of it in all. */
  #pasted = 0
  #pastedBytes = 0

  /**
   * ms after which what has begun is not going to end, should nothing come: the caller then calls `expire`. `undefined`
   * when nothing has begun.
   */
  get patience(): number | undefined {
    if (this.#paste !== undefined) return PASTE_PAUSE
    if (this.#string !== undefined) return SEQUENCE_PAUSE
    if (this.#pending === "") return undefined
    return this.#pending === ESCAPE ? ESCAPE_PAUSE : SEQUENCE_PAUSE
  }

  /**
   * Nothing has come for a while. Escape was pressed by itself; a sequence or string is dropped; what was pasted is
   * given although the end mark was lost on the way, else it would swallow every key from then on.
   */
  expire(): ReadonlyArray<Key> {
    const keys: Array<Key> = []
    if (this.#paste !== undefined) this.#finishPaste(keys)
    else if (this.#pending === ESCAPE && this.#string === undefined) keys.push({ _tag: "Press", name: "escape" })
    this.#string = undefined
    this.#pending = ""
    return keys
  }

  push(chunk: Uint8Array): ReadonlyArray<Key> {
    // Somebody presses Ctrl-C to get out of a paste without an end: terminals do not paste it, least of all alone.
    if (this.#paste !== undefined && chunk.length === 1 && chunk[0] === INTERRUPT) return this.expire()
    let input = this.#pending + this.#decoder.decode(chunk, { stream: true })
    this.#pending = ""
    const keys: Array<Key> = []
    while (input !== "") {
      const rest = this.#step(input, keys)
      if (rest === undefined) {
        // Of a sequence that does not end, the beginning is enough to swallow the rest.
        this.#pending = input.length <= MAX_PENDING ? input : input.slice(0, 2)
        break
      }
      input = rest
    }
    return keys
  }

  #step(input: string, keys: Array<Key>): string | undefined {
    if (this.#paste !== undefined) return this.#continuePaste(input, keys)
    if (this.#string !== undefined) return this.#continueString(input, keys)
    return this.#next(input, keys)
  }

  /** The input after its first key; `undefined` when that key is not complete yet. */
  #next(input: string, keys: Array<Key>): string | undefined {
    const text = TEXT.exec(input)
    if (text !== null) {
      keys.push({ _tag: "Text", text: text[0] })
      return input.slice(text[0].length)
    }
    // A control character of eight bits is Escape and one of seven.
    if (C1.test(input[0]!)) return `${ESCAPE}${String.fromCharCode(input.charCodeAt(0) - 0x40)}${input.slice(1)}`
    if (input[0] !== ESCAPE) {
      push(keys, Sequences.ofControl(input[0]!))
      return input.slice(1)
    }
    if (input.startsWith(PASTE_START)) {
      this.#paste = ""
      return input.slice(PASTE_START.length)
    }
    if (STRING_START.test(input)) {
      this.#string = input[1]!
      return input.slice(2)
    }
    if (INCOMPLETE.test(input)) return undefined
    const sequence = SEQUENCE.exec(input)
    // Escape before another sequence, or before a control that is none of ours.
    if (sequence === null) return input.slice(1)
    push(keys, Sequences.ofEscape(sequence[0].slice(1)))
    return input.slice(sequence[0].length)
  }

  /** Swallows a control string (OSC, DCS, APC, PM, SOS) up to its terminator. */
  #continueString(input: string, keys: Array<Key>): string | undefined {
    const end = STRING_END.exec(input)
    // The terminator may be cut between its two characters.
    const cut = end === null ? (input.endsWith(ESCAPE) ? input.length - 1 : input.length) : end.index
    this.#string = `${this.#string}${input.slice(0, cut)}`.slice(0, MAX_STRING)
    if (end === null) return cut === input.length ? "" : this.#keep(input.slice(cut))
    const answer = Sequences.ofString(this.#string)
    if (answer !== undefined) keys.push({ _tag: "Answer", answer })
    this.#string = undefined
    return input.slice(cut + end[0].length)
  }

  #continuePaste(input: string, keys: Array<Key>): string | undefined {
    const end = input.indexOf(PASTE_END)
    // The end mark may be cut: its possible beginning waits for the next chunk.
    const cut = end === -1 ? startOf(PASTE_END, input) : end
    this.#pasted += cut
    this.#pastedBytes += Buffer.byteLength(input.slice(0, cut))
    this.#paste = `${this.#paste}${input.slice(0, cut)}`.slice(0, MAX_PASTE)
    if (end === -1) return cut === input.length ? "" : this.#keep(input.slice(cut))
    this.#finishPaste(keys)
    return input.slice(end + PASTE_END.length)
  }

  #finishPaste(keys: Array<Key>): void {
    const text = this.#paste!.replace(ANSWERS, (answer) => {
      keys.push(...new KeyDecoder().push(new TextEncoder().encode(answer)))
      return ""
    })
    if (this.#pasted > MAX_PASTE) keys.push({ _tag: "Overlong", bytes: this.#pastedBytes })
    else keys.push({ _tag: "Paste", text: text.replace(/\r\n?/g, "\n") })
    this.#paste = undefined
    this.#pasted = 0
    this.#pastedBytes = 0
  }

  #keep(rest: string): "" {
    this.#pending = rest
    return ""
  }
}

/** A message has at most 64 KiB; more text than that cannot be sent anyway. */
export const MAX_PASTE = 64 * 1024
/** No control sequence of a terminal is longer; a longer one is noise on the line. */
const MAX_PENDING = 64
/** Characters that are looked at of a control string: answers are short, the rest of it is swallowed. */
const MAX_STRING = 256
/** ms: terminals send Escape and what belongs to it at once, links that are slow may part them. */
const ESCAPE_PAUSE = 50
/** ms: nobody types the beginning of a sequence, so it can only be the rest that is late. */
const SEQUENCE_PAUSE = 250
/** ms: without input for that long a paste has ended, whatever its terminal forgot to say. */
const PASTE_PAUSE = 2_000

const ESCAPE = "\u001b"
/** Ctrl-C as a byte. */
const INTERRUPT = 3
const PASTE_START = "\u001b[200~"
const PASTE_END = "\u001b[201~"

/**
 * What a terminal says of itself, should it say so while it brings a long paste: where the cursor is, whether somebody
 * looks, what it is and its colours. Nobody pastes that: terminals take Escape out of it.
 */
const ANSWERS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
  /\u001b(?:\[(?:\d{1,5};\d{1,5}R|[IO]|[?>][\d;]*c)|\]11;[^\u0007\u001b]{0,64}(?:\u0007|\u001b\\)|P>\|[^\u001b]{0,64}\u001b\\)/g

const TEXT = /^[^\p{Cc}]+/u
const C1 = /^[\u0080-\u009f]$/
/** OSC, DCS, APC, PM or SOS, and at least one character of it; Alt and that key stand alone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const STRING_START = /^\u001b[\]P_^X][\s\S]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const STRING_END = /\u0007|\u001b\\|\u009c|\u0018|\u001a/
/**
 * CSI with parameters and a final byte, and what some terminals make of it: the Linux console's function keys, the
 * shifted keys of rxvt, the mouse as X10 tells it; SS3; Escape and a character (Alt).
 */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
  /^\u001b(?:\[(?:\[[A-E]|\d{1,2}\$|M[\s\S]{3}|[0-?]*[ -/]*[@-~])|O[0-9;]*[^0-9;\u001b]|[\b\n\r\u007f]|[^\p{Cc}[O])/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the sequences' own characters.
const INCOMPLETE = /^\u001b(?:[\]P_^X]|\[(?:\[|M[\s\S]{0,2}|[0-?]*[ -/]*)?|O[0-9;]*)?$/u

const push = (keys: Array<Key>, key: Key | undefined): void => {
  if (key !== undefined) keys.push(key)
}

/** Where a beginning of `mark` starts at the end of `text`; its length when there is none. */
const startOf = (mark: string, text: string): number => {
  for (let at = Math.max(0, text.length - mark.length + 1); at < text.length; at++)
    if (mark.startsWith(text.slice(at))) return at
  return text.length
}
