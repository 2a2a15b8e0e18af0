import { readdirSync } from "node:fs"

/** The folders in a folder, by name, in order; none where it cannot be read, of which nothing is told. */
export const foldersIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? entry.name : []))
      .sort()
  } catch {
    return []
  }
}
