import type { Entry } from "./Content.js"

/**
 * Kinds of files that the receiver's tools may run without being told to, as bits of an offer (docs/protocol.md §3.8).
 * The sender says them, so that they can be known before the answer; the manifest proves it right or wrong.
 */
export const Risk = {
  /** Anything below a folder `.git`: hooks and a configuration that run programs. */
  git: 1,
  /** `.envrc`, which direnv runs in a shell. */
  direnv: 2,
  /** Settings of editors and tools that run programs when a project is opened. */
  tools: 4,
  /** What a shell or a session runs at its start. */
  startup: 8
} as const

export const KNOWN_RISKS = Risk.git | Risk.direnv | Risk.tools | Risk.startup

/** What an entry brings, whichever way its names are written in large and small letters. */
export const risksOf = ({ path }: Pick<Entry, "path">): number => {
  let risks = 0
  for (const segment of path.toLowerCase().split("/")) risks |= SEGMENTS.get(segment) ?? 0
  return risks
}

/** By name, for those who tell people. */
export const risksIn = (risks: number): ReadonlyArray<RiskName> =>
  (Object.keys(Risk) as ReadonlyArray<RiskName>).filter((name) => (risks & Risk[name]) !== 0)

export type RiskName = keyof typeof Risk

const SEGMENTS: ReadonlyMap<string, number> = new Map([
  [".git", Risk.git],
  [".envrc", Risk.direnv],
  ...[
    ".vscode",
    ".idea",
    ".husky",
    ".npmrc",
    ".yarnrc.yml",
    ".pre-commit-config.yaml",
    ".mise.toml",
    ".tool-versions"
  ].map((name) => [name, Risk.tools] as const),
  ...[
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".ssh",
    ".gitconfig",
    "autorun.inf"
  ].map((name) => [name, Risk.startup] as const)
])
