import * as UserFolders from "../domain/UserFolders.js"
import { foldersIn } from "../layers/node/Listing.js"
import * as Printer from "../layers/node/Printer.js"
import { ExitCode } from "./ExitCode.js"
import * as Complete from "./help/Complete.js"
import * as HelpText from "./help/HelpText.js"
import * as Request from "./help/Request.js"
import * as Scripts from "./help/Scripts.js"

/**
 * Answers what is asked about the program itself, and loads the rest when there is something to do: most of a start is
 * loading.
 */
export const run = async (): Promise<void> => answer(Request.read(process.argv.slice(2), surface))

const surface = PARLEY_SURFACE
const printer = Printer.make()

const answer = async (request: Request.Request): Promise<void> => {
  switch (request._tag) {
    case "Help":
      print(
        request.command === undefined
          ? HelpText.ofProgram(surface, printer)
          : HelpText.ofCommand(surface, request.command, printer)
      )
      break
    case "Version":
      print(surface.version)
      break
    case "Completions":
      print(Scripts.scriptOf(request.shell).trimEnd())
      break
    case "Complete":
      await complete(request.words)
      break
    case "Wrong":
      refuse(request)
      break
    case "Run":
      await start(request)
  }
}

const refuse = ({ command, message }: Request.Wrong): void => {
  printer.tell(`parley: ${message}`)
  const [usage, more] =
    command === undefined ? [HelpText.USAGE, "--help"] : [HelpText.usageOf(command), `help ${command.name}`]
  printer.tell(`Usage: ${usage} (parley ${more} tells more)`)
  process.exitCode = ExitCode.usage
}

const start = async (request: Request.Run): Promise<void> => {
  const { run } =
    typeof PARLEY_PROGRAM === "undefined" ? await import("./Process.js") : await kept(PARLEY_PROGRAM, request)
  run(request)
}

/** Of the types it is the same module, put into a file of its own by the build. */
const kept = async (file: string, { command }: Request.Run): Promise<typeof import("./Process.js")> => {
  // What it is loaded with takes longer to load than what help is made of.
  const KeptCode = await import("../layers/node/KeptCode.js")
  if (command.name === "send") KeptCode.hasten()
  return KeptCode.load(
    new URL(file, import.meta.url),
    command.name,
    UserFolders.of(process.env, process.platform).cacheHome
  ) as typeof import("./Process.js")
}

const print = (text: string): void =>
  printer.print(text, (failure) => {
    // The reader of our output has gone away, and wanted no more.
    if (failure === undefined || failure.reason === "HungUp") return
    printer.tell(`parley: ${failure.message}`)
    process.exitCode = ExitCode.failure
  })

/** What a shell asks for: words of the program, nicknames of the user's own, and those whom one of them knows. */
const complete = async (words: ReadonlyArray<string>): Promise<void> => {
  const { choices, given, wants } = Complete.offer(words, surface)
  const { env, platform } = process
  const home = given.get("--home") ?? env.PARLEY_HOME ?? UserFolders.of(env, platform).dataHome ?? ""
  const own = wants === "own nick" || wants === "somebody" ? foldersIn(`${home}/profiles`) : []
  const nicks = wants === "own nick" ? own.map((text) => ({ text, help: "" })) : []
  print(Complete.lines([...choices, ...nicks], wants).trimEnd())
  if (wants !== "somebody") return
  // The others are sealed: it takes the program to read them.
  const nick = given.get("--nick") ?? env.PARLEY_NICK ?? (own.length === 1 ? own[0] : undefined)
  const flags = { "--nick": nick, "--home": home, "--config": given.get("--config") }
  const request = Request.read(
    ["contacts", "--names", ...Object.entries(flags).flatMap(([flag, value]) => (value ? [`${flag}=${value}`] : []))],
    surface
  )
  if (request._tag === "Run") await start(request)
}
