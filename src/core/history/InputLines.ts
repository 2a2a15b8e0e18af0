import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as SealedFile from "../journal/SealedFile.js"

/**
 * A line that somebody has typed and sent, to be called back.
 *
 * @since 0.1.0
 */
export const InputLine = Schema.Struct({
  /** Whom it was typed for; empty outside of conversations. */
  conversation: Schema.String.pipe(Schema.maxLength(256)),
  text: Schema.String
})
/** @since 0.1.0 */
export type InputLine = typeof InputLine.Type

/**
 * The lines that were typed last, the oldest first: at most `MAX_LINES`, and `MAX_LENGTH` UTF-16 code units. What
 * begins with a space is not kept, as shells have it, nor what is too long to be found again by pressing a key.
 */
export class InputLines {
  #lines: ReadonlyArray<InputLine>

  constructor(lines: ReadonlyArray<InputLine> = []) {
    this.#lines = newest(lines)
  }

  get all(): ReadonlyArray<InputLine> {
    return this.#lines
  }

  /** Whether the line is kept, and was not the last one of its conversation anyway. */
  add(line: InputLine): boolean {
    const { conversation, text } = line
    if (text.trim() === "" || text.startsWith(" ") || text.length > MAX_LINE || conversation.length > 256) return false
    const last = this.#lines.findLast((each) => each.conversation === conversation)
    if (last?.text === text) return false
    this.#lines = newest([...this.#lines, line])
    return true
  }

  /** Forgets the lines of a conversation, or all; whether there were any. */
  clear(conversation: string | undefined): boolean {
    const left = conversation === undefined ? [] : this.#lines.filter((line) => line.conversation !== conversation)
    const isChanged = left.length < this.#lines.length
    this.#lines = left
    return isChanged
  }
}

/** The lines as a file, sealed; `salt` is `SealedFile.SALT_BYTES` fresh random bytes. */
export const encode = (crypto: Crypto, secret: Uint8Array, salt: Uint8Array, lines: InputLines): Uint8Array =>
  SealedFile.seal({ crypto, magic: MAGIC, salt, secret }, Bytes.fromText(toText(lines)))

/** `undefined` when it is not what `encode` made with this secret. */
export const decode = (crypto: Crypto, secret: Uint8Array, file: Uint8Array): InputLines | undefined => {
  const content = SealedFile.open({ crypto, magic: MAGIC, secret }, file)
  return content && fromText(Bytes.toText(content) ?? "")
}

/** What is sealed. */
export const toText = (lines: InputLines): string => JSON.stringify({ version: 1, lines: lines.all })

export const fromText = (text: string): InputLines | undefined => {
  const decoded = decodeContent(text)
  return Either.isLeft(decoded) ? undefined : new InputLines(decoded.right.lines)
}

const decodeContent = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Struct({ version: Schema.Literal(1), lines: Schema.Array(InputLine) }))
)

const newest = (lines: ReadonlyArray<InputLine>): ReadonlyArray<InputLine> => {
  let from = Math.max(0, lines.length - MAX_LINES)
  let length = lines.slice(from).reduce((sum, { text }) => sum + text.length, 0)
  while (length > MAX_LENGTH) length -= lines[from++]!.text.length
  return from === 0 ? lines : lines.slice(from)
}

/** As many as a person finds by pressing "up", or by a word. */
export const MAX_LINES = 500
/** UTF-16 code units of a line: longer ones were pasted. */
export const MAX_LINE = 2_000
/** UTF-16 code units of all: the file is written whole. */
export const MAX_LENGTH = 128 * 1024

const MAGIC = Bytes.fromText("parley-input-v1\n")
