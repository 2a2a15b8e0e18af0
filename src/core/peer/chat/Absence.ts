import * as Bytes from "../../../protocol/Bytes.js"
import { MAX_AWAY } from "../../../protocol/ChatRecord.js"

/** Whether our user is away, for all whom we are connected to. Each is told when it changes, and at the beginning. */
export class Absence {
  /** What they say about it, at most `MAX_AWAY` bytes; `undefined` when they are there. */
  text: Uint8Array | undefined
  /** Grows with each change. */
  revision = 0

  /** `undefined`: is there. What is too long is cut between two characters. */
  set(text: string | undefined): void {
    this.text = text === undefined ? undefined : cut(text)
    this.revision++
  }

  /** The revision that somebody knows who was told nothing: that our user is there. */
  get untold(): number {
    return this.text === undefined ? this.revision : -1
  }
}

const cut = (text: string): Uint8Array => {
  let whole = ""
  let length = 0
  for (const character of text) {
    length += Bytes.fromText(character).length
    if (length > MAX_AWAY) break
    whole += character
  }
  return Bytes.fromText(whole)
}
