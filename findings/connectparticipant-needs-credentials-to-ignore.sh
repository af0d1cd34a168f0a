#!/usr/bin/env bash
# @aws-sdk/client-connectparticipant 3.1019.0: SendMessage, which is authorized by the connection token alone, is
# not sent without AWS credentials; empty strings will do, and are signed with.
#
# The Participant Service documents that its calls carry a token and no Signature Version 4. The client signs all
# the same, with the credentials of whoever runs it: on a developer's machine the request of a
# customer without an account goes out under the developer's access key, and everything works; in a
# browser or a container without a role the same code fails with CredentialsProviderError before
# a byte is sent, which reads as though the service wanted credentials. Nothing checks that keys are there:
# an access key "" and a secret "" make a signature for the key "".
#
# What to do: give the client empty credentials outright (ChatJS does), so that it acts alike everywhere and sends no
# real access key; a server must not refuse, nor believe, the Authorization header of these calls.
#
# Seen with Node.js 20:
#   no credentials:    CredentialsProviderError, requests that arrived: 0
#   empty credentials: sent, x-amz-bearer: token, authorization for the access key ""
#   of a developer:    sent, x-amz-bearer: token, authorization for the access key "AKIDEXAMPLE"
# Fails when a call without credentials is sent or the signature is left out.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private":true}' > package.json
timeout 180 npm install --no-audit --no-fund --ignore-scripts --loglevel=error @aws-sdk/client-connectparticipant@3.1019.0 >/dev/null 2>&1
cat > main.mjs <<'JS'
import http from 'http'
import { ConnectParticipantClient, SendMessageCommand } from '@aws-sdk/client-connectparticipant'

let requests = []
const server = http.createServer((request, response) => {
  requests.push(request.headers)
  request.resume().on('end', () => {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ Id: 'message', AbsoluteTime: '2026-11-30T09:00:00.000Z' }))
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))

async function send(config) {
  requests = []
  const client = new ConnectParticipantClient({ region: 'us-east-1', endpoint: `http://127.0.0.1:${server.address().port}`, ...config })
  try {
    await client.send(new SendMessageCommand({ ConnectionToken: 'token', ContentType: 'text/plain', Content: 'hello' }))
  } catch (error) {
    return `${error.name}, requests that arrived: ${requests.length}`
  }
  const key = /Credential=([^/]*)\//.exec(requests[0].authorization)?.[1]
  return `sent, x-amz-bearer: ${requests[0]['x-amz-bearer']}, authorization for the access key ${JSON.stringify(key)}`
}

let changed = false
for (const [what, config, want] of [
  ['no credentials:   ', {}, 'CredentialsProviderError, requests that arrived: 0'],
  ['empty credentials:', { credentials: { accessKeyId: '', secretAccessKey: '' } }, 'sent, x-amz-bearer: token, authorization for the access key ""'],
  ['of a developer:   ', { credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } }, 'sent, x-amz-bearer: token, authorization for the access key "AKIDEXAMPLE"'],
]) {
  const got = await send(config)
  console.log(what, got)
  changed ||= got !== want
}
server.close()
if (changed) {
  console.log('this has changed')
  process.exit(1)
}
process.exit(0)
JS
env -i PATH="$PATH" HOME="$dir" AWS_EC2_METADATA_DISABLED=true timeout 60 node --no-warnings main.mjs
