// Asks somebody something, and prints what they answer: a program without Effect.
//
//   node ask.ts chat.example.org bob "how many are you?"
import Process from "node:process"
import { connect, isClientError, SafeText } from "parley-chat/promise"

const [host = "127.0.0.1", nick = "echo", question = "is there anybody?", port = "9090"] = Process.argv.slice(2)
/** For everything together: the one who is asked has to be there. */
const signal = AbortSignal.timeout(60_000)

const ask = async (): Promise<string> => {
  const client = await connect({ nick: "asker", server: { host, port: Number(port) }, signal })
  try {
    await client.query(nick, { signal })
    await client.send(nick, question, { signal })
    for await (const event of client.events({ signal }))
      if (event._tag === "Message" && event.from === nick) return SafeText.lines(event.text).join("\n")
    return "nobody answered"
  } finally {
    // Gives what is under way two seconds, and says goodbye.
    await client.close()
  }
}

try {
  console.log(await ask())
} catch (error) {
  console.error(isClientError(error) ? `${error._tag}: ${SafeText.line(error.message)}` : String(error))
  Process.exitCode = 1
}
