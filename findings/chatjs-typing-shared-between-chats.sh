#!/usr/bin/env bash
# amazon-connect-chatjs 5.0.0: of several chats in one page only one at a time can be seen typing,
# and sendEvent of the others resolves with the answer that somebody else's event got.
#
# ChatJS keeps one client per region for the whole page, whatever chat it is for, and throttles
# typing events in that client: the first within ten seconds is sent, later ones get what the first
# one got. In a desk with two chats, or a page with two widgets, an agent who types to one
# customer and then turns to the other is not shown to the second one for up to ten seconds, and
# nothing fails: the promise is fulfilled, with the Id and AbsoluteTime of an event of the first chat.
# A page that tracks events by Id files it under the wrong chat; a server sees no request at all.
#
# What to do: give each chat of a page its own frame, or a region string of its own (the endpoint
# comes from setGlobalConfig, so the region only names the client): shown here as the cure.
#
# Seen with Node.js 20 and ws 8.23.0:
#   one region:  chat 1 sends typing: answered for chat-1; chat 2 sends typing: answered for chat-1
#   one region:  requests that the server saw: chat-1
#   two regions: chat 1 sends typing: answered for chat-1; chat 2 sends typing: answered for chat-2
#   two regions: requests that the server saw: chat-1 chat-2
# Fails when the second chat's event is sent.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true}' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel=error amazon-connect-chatjs@5.0.0 ws@8.23.0 >/dev/null 2>&1
cat > main.cjs <<'JS'
const http = require('http'), ws = require('ws')
globalThis.window = globalThis.self = globalThis
globalThis.WebSocket = ws
globalThis.addEventListener = () => {}
globalThis.navigator ??= { onLine: true, userAgent: 'node' }
require('amazon-connect-chatjs')

const typed = []
const server = http.createServer((request, response) => {
  const token = request.headers['x-amz-bearer'], expiry = new Date(Date.now() + 864e5).toISOString()
  request.resume().on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    if (request.url === '/participant/connection') {
      return response.end(JSON.stringify({
        ConnectionCredentials: { ConnectionToken: token, Expiry: expiry },
        Websocket: { Url: `ws://127.0.0.1:${server.address().port}/`, ConnectionExpiry: expiry },
      }))
    }
    typed.push(token)
    response.end(JSON.stringify({ Id: token, AbsoluteTime: new Date().toISOString() }))
  })
})
new ws.WebSocketServer({ server }).on('connection', socket => socket.on('message', data => {
  const { topic, content } = JSON.parse(data)
  socket.send(JSON.stringify({ topic, content: { status: 'success', topics: content?.topics } }))
}))

async function typing(name, regions) {
  typed.length = 0
  const answers = []
  for (const i of [1, 2]) {
    const chat = connect.ChatSession.create({
      chatDetails: { contactId: `contact-${i}`, participantId: `participant-${i}`, participantToken: `chat-${i}` },
      type: 'CUSTOMER', disableCSM: true, options: { region: regions[i - 1] },
    })
    await chat.connect()
    const answer = await chat.sendEvent({ contentType: 'application/vnd.amazonaws.connect.event.typing' })
    answers.push(answer.data.Id)
  }
  console.log(`${name} ${answers.map((id, i) => `chat ${i + 1} sends typing: answered for ${id}`).join('; ')}`)
  console.log(`${name} requests that the server saw: ${typed.join(' ')}`)
  return `${answers} ${typed}`
}

setTimeout(() => { console.log('no answer in 30 s'); process.exit(1) }, 30000)
server.listen(0, '127.0.0.1', async () => {
  connect.ChatSession.setGlobalConfig({
    endpoint: `http://127.0.0.1:${server.address().port}`, loggerConfig: { useDefaultLogger: false },
  })
  const shared = await typing('one region: ', ['us-east-1', 'us-east-1'])
  // Their clients are made anew here, so the ten seconds of the first pair do not matter.
  const apart = await typing('two regions:', ['desk-1', 'desk-2'])
  if (shared !== 'chat-1,chat-1 chat-1' || apart !== 'chat-1,chat-2 chat-1,chat-2') {
    console.log('this has changed')
    process.exit(1)
  }
  process.exit(0)
})
JS
timeout 60 node --no-warnings main.cjs
