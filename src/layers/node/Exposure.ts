import type { Stats } from "node:fs"
import * as Fs from "node:fs/promises"
import { dirname } from "node:path"
import process from "node:process"

/**
 * Whether somebody else than its owner could have read or changed a file that holds a secret, as `ssh` asks of its
 * keys: a sentence about it with what to type, or `undefined` when all is well. Where files have no owners and modes
 * (Windows) all is well. Root is somebody that everybody has to trust.
 */
export const ofSecret = (path: string, stat: Stats): string | undefined => {
  if (!hasModes) return undefined
  if (isForeign(stat)) return foreign(path, stat)
  if ((stat.mode & READ_OR_WRITE) === 0) return undefined
  const can = (stat.mode & WRITE) === 0 ? "be read" : "be changed"
  return `${path} can ${can} by other users (mode ${octal(stat)}), and it has to be yours alone: type chmod 600 ${quoted(path)}`
}

/** The same of a file that is no secret, but decides what the program does: others may read it. */
export const ofTrusted = (path: string, stat: Stats): string | undefined => {
  if (!hasModes) return undefined
  if (isForeign(stat)) return foreign(path, stat)
  if ((stat.mode & WRITE) === 0) return undefined
  return `${path} can be changed by other users (mode ${octal(stat)}): type chmod go-w ${quoted(path)}`
}

/**
 * The same of the folders from that of a file up to `top`: whoever may write to one of them can put another file in the
 * place of the one that is trusted, unless the folder lets everybody move only what is their own (the sticky bit).
 * Folders that are not there expose nothing.
 */
export const ofFolders = async (file: string, top: string): Promise<string | undefined> => {
  if (!hasModes) return undefined
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const stat = await Fs.stat(folder).catch(() => undefined)
    if (stat !== undefined) {
      const fault = isForeign(stat) ? foreign(folder, stat) : ofFolder(folder, stat)
      if (fault !== undefined) return fault
    }
    if (folder === top || folder === dirname(folder)) return undefined
  }
}

/** The same of one folder, whoever's it is. */
export const ofFolder = (folder: string, stat: Stats): string | undefined =>
  hasModes && (stat.mode & WRITE) !== 0 && (stat.mode & STICKY) === 0
    ? `other users can change what is in the folder ${folder} (mode ${octal(stat)}): type chmod go-w ${quoted(folder)}`
    : undefined

const hasModes = process.platform !== "win32" && process.getuid !== undefined

const isForeign = ({ uid }: Stats): boolean => uid !== ROOT && uid !== process.getuid?.()

const foreign = (path: string, { uid }: Stats): string =>
  `${path} belongs to another user (${uid}), who can change it: take it over with chown "$(id -u)" ${quoted(path)}, or move it away`

const octal = ({ mode }: Stats): string => (mode & 0o7777).toString(8).padStart(4, "0")

/** A path as a shell takes it. */
const quoted = (path: string): string => (/^[\w./@%+:-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

const ROOT = 0
/** Bits of group and others (POSIX `<sys/stat.h>`). */
const READ_OR_WRITE = 0o066
const WRITE = 0o022
const STICKY = 0o1000
