/**
 * What means nothing, and is sent now and then so that programs that do not ignore it are found before something that
 * means something takes its place (RFC 8701; docs/protocol.md §5-10). `random` gives fresh bytes.
 */
type Random = (length: number) => Uint8Array

/** For a handshake: in one of two a bit of `features` and an extension, in the other one nothing. */
export const ofHandshake = (
  random: Random
): { readonly feature: number; readonly extension?: { readonly type: number; readonly value: Uint8Array } } => {
  const [coin, type, length] = random(3) as unknown as [number, number, number]
  if (coin < 128) return { feature: 0 }
  return { feature: FEATURE, extension: { type: 31 * type + 27, value: random(length % MAX_VALUE) } }
}

/** For a conversation: in one of two a record that stands before the first text, in the other one nothing. */
export const ofConversation = (random: Random): Uint8Array | undefined => {
  const [coin, type, length] = random(3) as unknown as [number, number, number]
  if (coin < 128) return undefined
  const value = random(length % MAX_VALUE)
  return Uint8Array.of(1 + value.length, RECORDS[type % RECORDS.length]!, ...value)
}

const FEATURE = 2 ** 23
const RECORDS = [27, 58, 89, 120] as const
/** Bytes: a handshake with eight candidates, and a packet with a short text, are no larger than before. */
const MAX_VALUE = 8
