// Asks somebody something, and prints what they answer: a program without Effect.
//
//   node ask.ts chat.example.org bob "how many are you?"
import { argv, exit } from "node:process"
import { connect, isClientError, SafeText } from "parley-chat/promise"

const [host = "127.0.0.1", nick = "echo", question = "is there anybody?", port = "9090"] = argv.slice(2)
/** For everything together: the one who is asked has to be there. */
const signal = AbortSignal.timeout(60_000)
try {
  // Closing it, at the end of the block, gives what is under way two seconds and says goodbye.
  await using client = await connect({ nick: "asker", server: { host, port: Number(port) }, signal })
  await client.query(nick, { signal })
  await client.send(nick, question, { signal })
  for await (const event of client.events({ signal }))
    if (event._tag === "Message" && event.from === nick) {
      console.log(SafeText.lines(event.text).join("\n"))
      break
    }
} catch (error) {
  if (isClientError(error)) console.error(`${error._tag}: ${SafeText.line(error.message)}`)
  else console.error(String(error))
  exit(1)
}
