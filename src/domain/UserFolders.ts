/**
 * Where files of a user belong: by the XDG Base Directory specification, or on Windows in the folders that it names in
 * the environment. Empty variables count as unset, as do those that are not UTF-8; relative ones are invalid.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** Only whether it is `win32` matters: macOS is treated as other Unix systems are, as most terminal programs do. */
export type System = string

export interface UserFolders {
  /** The configuration file that is read when the user names none. */
  readonly configFile: string | undefined
  /** Identities, known peers and undelivered messages. */
  readonly dataHome: string | undefined
  /** What can be made anew, and may be deleted at any time. */
  readonly cacheHome: string | undefined
  /** What `~` stands for. */
  readonly home: string | undefined
  /** The variable to set where there is none of them. */
  readonly variable: string
}

/** All of them; `undefined` where the environment names no home directory. */
export const of = (env: Environment, system: System): UserFolders => ({
  configFile: configFile(env, system),
  dataHome: dataHome(env, system),
  cacheHome: cacheHome(env, system),
  home: home(env, system),
  variable: system === "win32" ? "USERPROFILE" : "HOME"
})

const configFile = (env: Environment, system: System): string | undefined =>
  system === "win32"
    ? within(windows(env, "APPDATA", "AppData\\Roaming"), "\\parley\\config.json")
    : within(xdg(env, "XDG_CONFIG_HOME", ".config"), "/parley/config.json")

const dataHome = (env: Environment, system: System): string | undefined =>
  system === "win32"
    ? within(windows(env, "LOCALAPPDATA", "AppData\\Local"), "\\parley")
    : within(xdg(env, "XDG_DATA_HOME", ".local/share"), "/parley")

const cacheHome = (env: Environment, system: System): string | undefined =>
  system === "win32"
    ? within(windows(env, "LOCALAPPDATA", "AppData\\Local"), "\\parley\\cache")
    : within(xdg(env, "XDG_CACHE_HOME", ".cache"), "/parley")

const home = (env: Environment, system: System): string | undefined =>
  (system === "win32" ? usable(env["USERPROFILE"]) : undefined) ?? usable(env["HOME"])

const xdg = (env: Environment, variable: string, fallback: string): string | undefined => {
  const given = usable(env[variable])
  return given?.startsWith("/") ? given : within(home(env, "linux"), `/${fallback}`)
}

const windows = (env: Environment, variable: string, fallback: string): string | undefined => {
  const given = usable(env[variable])
  return given !== undefined && ABSOLUTE.test(given) ? given : within(home(env, "win32"), `\\${fallback}`)
}

/** A path that has bytes which are not UTF-8 (U+FFFD by then) leads elsewhere. */
const usable = (path = ""): string | undefined => (path === "" || path.includes("\uFFFD") ? undefined : path)

/** `C:\…`, and the shares of other machines. */
const ABSOLUTE = /^(?:[A-Za-z]:[\\/]|\\\\)/

const within = (folder: string | undefined, path: string): string | undefined =>
  folder === undefined ? undefined : folder + path
