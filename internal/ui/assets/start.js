import { answered, choices } from '/assets/choices.js';
import { Session, listFlows, startChat } from '/assets/session.js';
import { responded, shownView, view } from '/assets/views.js';

const $ = (id) => document.getElementById(id);
const { instance, flow, region, endpoint: url } = document.body.dataset;

// --- the chat ---

let session;
const stateTexts = { idle: 'not connected', open: 'connected', lost: 'connection lost, reconnecting…', ended: 'ended', unknown: 'ended' };

function show(state) {
  $('state').dataset.state = state;
  $('state').textContent = stateTexts[state];
  const over = !['open', 'lost'].includes(state);
  if (state === 'open') problem();
  if (state === 'unknown') problem(new Error('The server does not know this chat any more. It has been started anew, and keeps nothing unless it is given --data.'));
  if (over !== $('say').hidden) { // the focused form disappears; keep the keyboard focus in the new one
    $('say').hidden = over;
    $('begin').hidden = !over;
    (over ? $('start') : $('text')).focus();
  }
  $('start').disabled = false;
  if (state === 'ended' || state === 'unknown') $('start').textContent = 'Start another chat';
}

const silent = 'The server does not answer. Try again when it does.';

function problem(e) {
  $('problem').hidden = !e;
  // A fetch that comes to nothing is a TypeError, in words that differ from browser to browser.
  $('problem').textContent = e instanceof TypeError ? silent : e?.message ?? '';
}

function line(className, text, small) {
  const li = document.createElement('li');
  li.className = className;
  if (small) li.append(Object.assign(document.createElement('small'), { textContent: small }));
  li.append(text);
  $('items').append(li);
  li.scrollIntoView({ block: 'nearest' });
  return li;
}

// Only the newest message can be answered: the choices of the one before go, and a list that comes
// again (its next page) takes the place of the first.
const interactive = 'application/vnd.amazonaws.connect.message.interactive';
const response = `${interactive}.response`;
let offered;
const lists = new Map();

function offer(i, name) {
  const send = async (...message) => {
    try {
      await session.send(...message);
      problem();
      $('text').focus(); // the buttons are about to go; keep the keyboard focus
      return true;
    } catch (err) { problem(err); }
  };
  const respond = (content) => send(content, response);
  const shown = shownView(i.Content);
  let li;
  if (shown) { // what it shows is fetched, so it grows after it is there
    const drawn = () => { $('items').scrollTop = li.offsetTop - $('items').offsetTop; };
    offered = view(shown, { describe: (token) => session.view(token), answer: respond, drawn });
    li = line('offer', offered.element, name);
    return;
  }
  offered = choices(i.Content, { text: send, more: respond });
  li = line('offer', offered.element, name);
  if (!offered.reference) return;
  lists.get(offered.reference)?.remove();
  lists.set(offered.reference, li);
}

const events = { 'participant.joined': 'joined', 'participant.left': 'left', 'chat.ended': 'The chat has ended', 'participant.idle': 'is idle', 'participant.returned': 'is back' };

function item(i) {
  $('typing').hidden = true;
  const mine = i.ParticipantId === session.participant;
  const name = i.DisplayName === 'SYSTEM_MESSAGE' ? 'Flow' : i.DisplayName;
  const chosen = mine && i.ContentType === response ? offered?.chosen : undefined;
  if (i.Type !== 'EVENT' || i.ContentType.endsWith('.chat.ended')) {
    offered?.close();
    offered = undefined;
  }
  if (i.Type === 'EVENT') {
    const what = events[i.ContentType.split('.event.')[1]];
    if (what) line('event', i.ParticipantId ? `${name} ${what}` : what);
  } else if (i.Type === 'ATTACHMENT') {
    const file = i.Attachments[0];
    const link = Object.assign(document.createElement('a'), { href: '#', textContent: file.AttachmentName });
    link.onclick = async (e) => {
      e.preventDefault();
      try { location.href = await session.download(file.AttachmentId); problem(); } catch (err) { problem(err); }
    };
    line(mine ? 'mine' : '', link, mine ? 'file' : `${name} sent a file`);
  } else if (i.ContentType === interactive) {
    offer(i, name);
  } else {
    const said = mine ? chosen ?? (i.ContentType === response ? responded(i.Content) : undefined) ?? answered(i.ContentType, i.Content) : undefined;
    if (said !== null) line(mine ? 'mine' : '', said ?? i.Content, mine ? '' : name);
  }
}

/** Offers the flows that there are now, and keeps the choice. */
async function offerFlows() {
  const flows = await listFlows(instance).catch(() => []); // the clock tells of a server that does not answer
  for (const [note, name] of [['forms', 'Parley demo with views'], ['queues', 'Parley demo with a queue']]) {
    $(note).hidden = !flows.some((f) => f.Name === name); // an older data directory has none, and some are deleted
  }
  const shown = [...$('flow').options].map((o) => o.value + o.text).join();
  if (!flows.length || shown === flows.map((f) => f.Id + f.Name).join()) return; // a list that is open stays as it is
  const chosen = $('flow').value;
  $('flow').replaceChildren(...flows.map((f) => new Option(f.Name, f.Id, false, f.Id === chosen)));
  if (!flows.some((f) => f.Id === chosen)) $('flow').value = flows.find((f) => f.Id === flow)?.Id ?? flows[0].Id;
}
$('flow').onfocus = offerFlows;
offerFlows();

$('begin').onsubmit = async (e) => {
  e.preventDefault();
  problem();
  $('items').replaceChildren();
  offered = undefined;
  lists.clear();
  $('empty').hidden = true;
  $('start').disabled = true; // until the outcome is known
  try {
    const started = await startChat({ InstanceId: instance, ContactFlowId: $('flow').value, ParticipantDetails: { DisplayName: $('name').value },
      SupportedMessagingContentTypes: ['text/plain', interactive, response] }); // to be shown views, to answer them and to page through lists
    session = new Session(started, {
      item, state: show,
      typing: (i) => {
        if (i.ParticipantId === session.participant) return;
        $('typing').textContent = `${i.DisplayName} is typing…`;
        $('typing').hidden = false;
        setTimeout(() => { $('typing').hidden = true; }, 10000);
      },
    });
    await session.connect();
  } catch (err) {
    problem(err);
    $('start').disabled = false;
  }
};

$('say').onsubmit = async (e) => {
  e.preventDefault();
  const text = $('text').value;
  if (!text) return;
  $('text').value = '';
  try { // what is typed while a view is the newest message answers it without an action: the flow would wait on if it were a message
    await (offered?.typed ? session.send(offered.typed(text), response) : session.send(text));
    problem();
  } catch (err) { $('text').value = text; problem(err); }
};

let typed = 0;
$('text').oninput = () => {
  if (Date.now() - typed < 10000) return;
  typed = Date.now();
  session.typing().catch(() => {}); // losing a typing event does no harm
};

$('file').onchange = async () => {
  const [file] = $('file').files;
  $('file').value = '';
  if (file) try { await session.upload(file); problem(); } catch (err) { problem(err); }
};

$('end').onclick = () => session.end().catch(problem);

// --- samples to copy ---

const start = `InstanceId: "${instance}", ContactFlowId: "${flow}",\n  ParticipantDetails: { DisplayName: "Ana" }`;
const samples = {
  'AWS CLI': `# 2.13 or 1.29, or later: older ones ignore AWS_ENDPOINT_URL
export AWS_ENDPOINT_URL=${url}
export AWS_DEFAULT_REGION=${region}
export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any

aws connect start-chat-contact \\
  --instance-id ${instance} \\
  --contact-flow-id ${flow} \\
  --participant-details DisplayName=Ana`,
  'JavaScript': `import { ConnectClient, StartChatContactCommand } from "@aws-sdk/client-connect";

const connect = new ConnectClient({ endpoint: "${url}", region: "${region}",
  credentials: { accessKeyId: "any", secretAccessKey: "any" } });
const chat = await connect.send(new StartChatContactCommand({
  ${start} }));`,
  'ChatJS': `import "amazon-connect-chatjs";

connect.ChatSession.setGlobalConfig({ endpoint: "${url}" });
const session = connect.ChatSession.create({ type: "CUSTOMER", chatDetails: chat }); // what StartChatContact answered
const joined = new Promise((resolve) => session.onMessage(({ data }) => {
  console.log(data.DisplayName, data.Content ?? data.ContentType);
  resolve(); // the first is that Ana has joined: the socket is there
}));
await session.connect(); // does not wait for the socket
await joined;
await session.sendMessage({ contentType: "text/plain", message: "Hello" });`,
  'Python': `import boto3

connect = boto3.client("connect", endpoint_url="${url}", region_name="${region}",
    aws_access_key_id="any", aws_secret_access_key="any")
chat = connect.start_chat_contact(
    InstanceId="${instance}",
    ContactFlowId="${flow}",
    ParticipantDetails={"DisplayName": "Ana"})`,
  'Go': `cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("${region}"),
	config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("any", "any", "")))
client := connect.NewFromConfig(cfg, func(o *connect.Options) {
	o.BaseEndpoint = aws.String("${url}")
})
chat, err := client.StartChatContact(ctx, &connect.StartChatContactInput{
	InstanceId:         aws.String("${instance}"),
	ContactFlowId:      aws.String("${flow}"),
	ParticipantDetails: &types.ParticipantDetails{DisplayName: aws.String("Ana")},
})`,
};

for (const name of Object.keys(samples)) {
  const tab = Object.assign(document.createElement('button'), { textContent: name, role: 'tab' });
  tab.onclick = () => {
    for (const t of $('tabs').children) t.setAttribute('aria-selected', t === tab);
    $('code').textContent = samples[name];
  };
  $('tabs').append(tab);
}
$('tabs').firstChild.click();
$('copy').onclick = async () => {
  try {
    await navigator.clipboard.writeText($('code').textContent); // there is no clipboard on a plain http page of another machine
    $('copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('code'));
    $('copy').textContent = 'Selected';
  }
  setTimeout(() => { $('copy').textContent = 'Copy'; }, 1500);
};

// --- the clock ---

async function clock(body) {
  try {
    const answer = await fetch('/dev/clock', body && { method: 'POST', body: JSON.stringify(body) });
    $('now').textContent = (await answer.json()).Now.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
    if ($('down').hidden) return;
    $('down').hidden = true;
    if ($('problem').textContent === silent) problem();
    offerFlows(); // it may be another server
  } catch {
    $('now').textContent = '…';
    $('down').hidden = false;
  }
}
for (const b of document.querySelectorAll('[data-by]')) b.onclick = () => clock({ Advance: b.dataset.by });
clock();
setInterval(clock, 1000);
