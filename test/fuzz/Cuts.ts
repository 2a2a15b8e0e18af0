/**
 * The first byte of an input says how the rest of it is cut into chunks, as a stream may be: 0 not at all, else into
 * pieces of some lengths up to this.
 */
export const cuts = (input: Uint8Array): { readonly whole: Uint8Array; readonly pieces: ReadonlyArray<Uint8Array> } => {
  const whole = input.subarray(1)
  const longest = input[0] ?? 0
  if (longest === 0) return { whole, pieces: [whole] }
  const pieces: Array<Uint8Array> = []
  for (let at = 0, length = longest; at < whole.length; at += length, length = 1 + ((7 * length + 3) % longest))
    pieces.push(whole.slice(at, at + length))
  return { whole, pieces }
}
