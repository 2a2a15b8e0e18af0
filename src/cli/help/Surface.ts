/**
 * What people see of the command line: data without code, made from the records of `commands` by the build and put into
 * the program, so that help, completions and the manual are of one cloth, and printing them loads none of the programs.
 */
export interface Surface {
  readonly version: string
  /** A sentence without its full stop. */
  readonly help: string
  readonly commands: ReadonlyArray<CommandSurface>
  /** What every command takes beside its own. */
  readonly everywhere: ReadonlyArray<OptionSurface>
  /** What the program takes in the place of a command. */
  readonly alone: ReadonlyArray<OptionSurface>
}

export interface CommandSurface {
  readonly name: string
  readonly help: string
  readonly options: ReadonlyArray<OptionSurface>
  readonly arguments: ReadonlyArray<ArgumentSurface>
  /** A line to type, where one says more than words. */
  readonly examples: ReadonlyArray<string>
  /** How it can end. */
  readonly exits: ReadonlyArray<{ readonly code: number; readonly meaning: string }>
  /** Its first argument may name a command, whose settings it takes as options. */
  readonly tellsOf?: true
}

export interface OptionSurface {
  /** With its hyphens, as in `--nick`. */
  readonly flag: string
  /** The short one, as in `-n`. */
  readonly alias?: string
  /** What stands for the value; a switch has none. */
  readonly placeholder?: string
  readonly help: string
  readonly default?: string
  /** The variable of the environment that is taken where the flag is left out. */
  readonly variable?: string
  readonly required?: true
  /** It may be given several times. */
  readonly several?: true
  readonly wants: Wants
  /** The heading that it stands below in the help, where it is none of the command's own. */
  readonly group?: string
}

export interface ArgumentSurface {
  readonly name: string
  readonly help: string
  readonly required: boolean
  readonly repeated: boolean
  readonly wants: Wants
}

/**
 * What a value can be, as far as a shell can offer it: one of these words, a path, a nickname of the user's own, or
 * that of somebody whom the user knows.
 */
export type Wants = ReadonlyArray<string> | "file" | "folder" | "own nick" | "somebody" | "anything"

/** All names of an option. */
export const namesOf = ({ alias, flag }: OptionSurface): ReadonlyArray<string> =>
  alias === undefined ? [flag] : [flag, alias]

/** The options of a command, those of all commands behind its own. */
export const optionsOf = (surface: Surface, command: CommandSurface): ReadonlyArray<OptionSurface> => [
  ...command.options,
  ...surface.everywhere
]
