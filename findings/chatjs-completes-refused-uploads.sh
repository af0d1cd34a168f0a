#!/usr/bin/env bash
# amazon-connect-chatjs 5.0.0: sendAttachment succeeds when the store refused the file, and
# downloadAttachment hands out the store's error page as the file.
#
# Both use fetch, which is fulfilled by any answer that the page may read, and neither looks at the
# status. An upload whose PUT is answered 403 (the link has lapsed), 413 or 503 is followed by
# CompleteAttachmentUpload as if the bytes had arrived; a download answered 403 gives the page
# a Blob that holds the refusal, in XML from an S3 store, which is then saved as invoice.pdf.
#
# What to do: a server has to look for the object itself before it accepts
# CompleteAttachmentUpload, in size and type as announced, and must not take the call as proof. A
# page takes getAttachmentURL and fetches itself, looking at response.ok.
#
# Seen with Node.js 20 and ws 8.23.0:
#   sendAttachment: fulfilled, after POST start-attachment-upload, PUT 403, POST complete-attachment-upload
#   downloadAttachment: fulfilled, after POST attachment, GET 403, a Blob with the text "link has lapsed"
# Fails when a refused upload is no longer completed or a refused download is an error.
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

let calls = []
const server = http.createServer((request, response) => {
  const base = `http://127.0.0.1:${server.address().port}`, expiry = new Date(Date.now() + 864e5).toISOString()
  request.resume().on('end', () => {
    const answers = {
      '/participant/connection': {
        ConnectionCredentials: { ConnectionToken: 'token', Expiry: expiry },
        Websocket: { Url: base.replace('http', 'ws'), ConnectionExpiry: expiry },
      },
      '/participant/start-attachment-upload': { AttachmentId: 'file', UploadMetadata: { Url: `${base}/store`, HeadersToInclude: {} } },
      '/participant/attachment': { Url: `${base}/store` },
      '/participant/complete-attachment-upload': {},
    }
    if (request.url === '/store') {
      calls.push(`${request.method} 403`)
      response.statusCode = 403
      return response.end('link has lapsed')
    }
    calls.push(`${request.method} ${request.url.replace('/participant/', '')}`)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify(answers[request.url]))
  })
})
new ws.WebSocketServer({ server }).on('connection', socket => socket.on('message', data => {
  const { topic, content } = JSON.parse(data)
  socket.send(JSON.stringify({ topic, content: { status: 'success', topics: content?.topics } }))
}))

async function outcome(what, call, text) {
  calls = []
  const [settled] = await Promise.allSettled([call()])
  const line = `${what}: ${settled.status}, after ${calls.join(', ')}${await text(settled.value)}`
  console.log(line)
  return line
}

setTimeout(() => { console.log('no answer in 30 s'); process.exit(1) }, 30000)
server.listen(0, '127.0.0.1', async () => {
  connect.ChatSession.setGlobalConfig({
    endpoint: `http://127.0.0.1:${server.address().port}`, region: 'us-east-1', loggerConfig: { useDefaultLogger: false },
  })
  const chat = connect.ChatSession.create({
    chatDetails: { contactId: 'contact', participantId: 'participant', participantToken: 'token' },
    type: 'CUSTOMER', disableCSM: true,
  })
  await chat.connect()
  const sent = await outcome('sendAttachment', () => chat.sendAttachment({ attachment: new File(['%PDF-'], 'invoice.pdf', { type: 'application/pdf' }) }), () => '')
  const got = await outcome('downloadAttachment', () => chat.downloadAttachment({ attachmentId: 'file' }),
    async value => `, a ${value?.constructor.name} with the text ${JSON.stringify(await value?.text?.())}`)
  const expected = [
    'sendAttachment: fulfilled, after POST start-attachment-upload, PUT 403, POST complete-attachment-upload',
    'downloadAttachment: fulfilled, after POST attachment, GET 403, a Blob with the text "link has lapsed"',
  ]
  if (sent !== expected[0] || got !== expected[1]) {
    console.log('this has changed')
    process.exit(1)
  }
  process.exit(0)
})
JS
timeout 60 node --no-warnings main.cjs
