/**
 * Where files belong by the XDG Base Directory specification. Empty variables count as unset, relative ones as invalid.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** The configuration file that is read when the user names none; `undefined` without a home directory. */
export const configFile = (env: Environment): string | undefined =>
  place(env, "XDG_CONFIG_HOME", ".config", "config.json")

/** Identities, known peers and undelivered messages; `undefined` without a home directory. */
export const dataHome = (env: Environment): string | undefined => place(env, "XDG_DATA_HOME", ".local/share", "")

const place = (env: Environment, variable: string, fallback: string, name: string): string | undefined => {
  const given = env[variable]
  const home = env.HOME ?? ""
  const base = given?.startsWith("/") ? given : home === "" ? undefined : `${home}/${fallback}`
  return base === undefined ? undefined : name === "" ? `${base}/parley` : `${base}/parley/${name}`
}
