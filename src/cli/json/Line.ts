/**
 * A value as one line of JSON. Control (C1 too), format (bidirectional, zero-width) and separator characters are
 * escaped with their code units in hexadecimal (RFC 8259 §7), so that the output can be shown on a terminal as it is.
 */
export const encode = (value: object): string => {
  const json = JSON.stringify(value)
  return `${PLAIN.test(json) ? json : json.replace(UNSAFE, unicodeEscape)}\n`
}

const PLAIN = /^[\x20-\x7e]*$/
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu

const unicodeEscape = (character: string): string => {
  let escaped = ""
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`
  return escaped
}
