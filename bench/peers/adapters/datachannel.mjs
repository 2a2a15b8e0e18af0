// node-datachannel: WebRTC's data channel (ICE, DTLS and SCTP over UDP, by libdatachannel), reliable and in order.
import datachannel from "node-datachannel"
import { framed } from "../framed.mjs"
import * as signal from "../signal.mjs"

export const about = "node-datachannel (WebRTC: DTLS, SCTP over UDP)"

export const serve = (host, onPeer) =>
  signal.listen(host, (line) => {
    const connection = negotiated("server", host, line)
    connection.onDataChannel((channel) => onPeer(framed(streamOf(channel, () => {}))))
  })

export const connect = async (address, host) => {
  const line = await signal.connect(address)
  const connection = negotiated("client", host, line)
  const channel = connection.createDataChannel("bench")
  await new Promise((resolve) => channel.onOpen(resolve))
  return framed(
    streamOf(channel, () => {
      line.end()
      setTimeout(() => connection.close(), 50)
    })
  )
}

const negotiated = (name, host, line) => {
  const connection = new datachannel.PeerConnection(name, {
    iceServers: [],
    bindAddress: host,
    maxMessageSize: 262_144
  })
  connection.onLocalDescription((sdp, type) => line.send({ sdp: callerBegins(sdp), type }))
  connection.onLocalCandidate((candidate, mid) => line.send({ candidate, mid }))
  line.onValue(({ candidate, mid, sdp, type }) => {
    if (sdp === undefined) connection.addRemoteCandidate(candidate, mid)
    else connection.setRemoteDescription(sdp, type)
  })
  return connection
}

/**
 * The caller is to begin DTLS. Left to itself the library has the other side do so, which is connected first: its first
 * packet arrives before the caller, who has not read its answer yet, has anything to take it, and is sent again a
 * second later.
 */
const callerBegins = (sdp) => sdp.replace("a=setup:actpass", "a=setup:active")

const streamOf = (channel, after) => {
  let drained = () => {}
  const early = []
  let take = (bytes) => early.push(bytes)
  channel.setBufferedAmountLowThreshold(LOW)
  channel.onBufferedAmountLow(() => drained())
  channel.onMessage((message) => take(Buffer.from(message)))
  return {
    maxWrite: 65_536,
    write: (bytes) => {
      channel.sendMessageBinary(bytes)
      return channel.bufferedAmount() < HIGH
    },
    onDrain: (run) => {
      drained = () => {
        drained = () => {}
        run()
      }
      if (channel.bufferedAmount() <= LOW) setImmediate(() => drained())
    },
    onData: (run) => {
      take = run
      for (const bytes of early.splice(0)) run(bytes)
    },
    close: () => {
      channel.close()
      after()
    }
  }
}

/** Bytes that wait in it. */
const HIGH = 1 << 20
const LOW = 1 << 18
