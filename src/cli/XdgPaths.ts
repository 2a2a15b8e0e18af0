/**
 * Where files belong by the XDG Base Directory specification. Empty variables count as unset, as do those that are
 * not UTF-8; relative ones are invalid.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** The configuration file that is read when the user names none; `undefined` without a home directory. */
export const configFile = (env: Environment): string | undefined =>
  place(env, "XDG_CONFIG_HOME", ".config", "config.json")

/** Identities, known peers and undelivered messages; `undefined` without a home directory. */
export const dataHome = (env: Environment): string | undefined => place(env, "XDG_DATA_HOME", ".local/share", "")

/** A path that has bytes which are not UTF-8 (U+FFFD by then) leads elsewhere. */
const usable = (path = ""): string => (path.includes("\uFFFD") ? "" : path)

const place = (env: Environment, variable: string, fallback: string, name: string): string | undefined => {
  const given = usable(env[variable])
  const home = usable(env.HOME)
  const base = given.startsWith("/") ? given : home === "" ? undefined : `${home}/${fallback}`
  return base === undefined ? undefined : name === "" ? `${base}/parley` : `${base}/parley/${name}`
}
