/** A stream of the connection in use, from 1 on. */
export type StreamId = number

/** The stream that carries chat. Files and other large things use the streams after it. */
export const CHAT_STREAM: StreamId = 0

export type StreamRefusal =
  /** There is no connection, or not both sides have asked for each other (law 2). */
  | { readonly _tag: "NotMutual" }
  /** `MAX_STREAMS` of ours are open. */
  | { readonly _tag: "TooManyStreams" }

/** Bytes in one `writeStream`: by so much the memory of a stream may exceed its bound. */
export const MAX_WRITE = 256 * 1024
