// Recomputes the answers of GetMetricDataV2 from what a server has told the world, and from nothing else: contact records and
// agent events, as `parley serve --record` writes them into a directory. It has no part of Parley in it; what metrics mean it has from docs/metrics.md.
//
//   node recount.mjs DIR
//
// DIR has contact-records*.jsonl, agent-events*.jsonl, and answers.jsonl: for each question one line with the request (times in
// milliseconds since 1970), the rows of all its pages, and when it was asked. Every value has to be the same number, to the last bit.

import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const dir = process.argv[2]

// lines yields the objects of all files of a kind, the oldest file first: KIND.2.jsonl, KIND.1.jsonl, KIND.jsonl.
async function* lines(kind) {
  const age = (name) => Number(name.slice(kind.length).match(/\d+/)?.[0] ?? 0)
  const files = readdirSync(dir).filter((name) => name.startsWith(kind + '.') && name.endsWith('.jsonl'))
  for (const name of files.sort((a, b) => age(b) - age(a))) {
    for await (const line of createInterface({ input: createReadStream(join(dir, name)), crlfDelay: Infinity })) {
      if (line !== '') yield JSON.parse(line)
    }
  }
}

const tail = (arn) => (arn == null ? null : arn.slice(arn.lastIndexOf('/') + 1))
const queueId = (queue) => (queue == null || queue.ARN.includes('/queue/agent/') ? null : tail(queue.ARN))
const seconds = (text) => (text == null ? null : Date.parse(text) / 1000)

// canonical is JSON with the members of objects in the order of their names.
function canonical(value) {
  if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']'
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return '{' + Object.keys(value).sort().map((name) => JSON.stringify(name) + ':' + canonical(value[name])).join(',') + '}'
}

const levels = ['ONE', 'TWO', 'THREE', 'FOUR', 'FIVE'].map((n) => 'AGENT_HIERARCHY_LEVEL_' + n)
const groupsOf = (groups) => Object.fromEntries(levels.map((key, i) => [key, tail(groups?.['Level' + (i + 1)]?.ARN)]))

// ---- contacts

function contactOf(r) {
  const sets = r.RoutingCriteria ?? []
  const last = sets.at(-1)
  const c = {
    initiated: seconds(r.InitiationTimestamp), system: seconds(r.ConnectedToSystemTimestamp), ended: seconds(r.DisconnectTimestamp),
    enqueued: seconds(r.Queue?.EnqueueTimestamp), waited: r.Queue?.Duration, connected: seconds(r.Agent?.ConnectedToAgentTimestamp),
    transferred: seconds(r.TransferCompletedTimestamp), next: r.NextContactId, method: r.InitiationMethod,
    workEnd: seconds(r.Agent?.AfterContactWorkEndTimestamp), interaction: r.Agent?.AgentInteractionDuration, afterWork: r.Agent?.AfterContactWorkDuration ?? 0,
    talk: r.ChatMetrics.ContactMetrics, agent: r.ChatMetrics.AgentMetrics, customer: r.ChatMetrics.CustomerMetrics,
    steps: sets.flatMap((set) => set.Steps).filter((s) => s.Status !== 'INACTIVE').map((s) => ({ expression: canonical(s.Expression), status: s.Status })),
    of: {
      QUEUE: queueId(r.Queue), CHANNEL: r.Channel, AGENT: tail(r.Agent?.ARN), ROUTING_PROFILE: tail(r.Agent?.RoutingProfile?.ARN),
      'contact/segmentAttributes/connect:Subtype': r.SegmentAttributes['connect:Subtype']?.ValueString ?? null,
      DISCONNECT_REASON: r.DisconnectReason, INITIATION_METHOD: r.InitiationMethod,
      ROUTING_STEP_EXPRESSION: last && last.Index < last.Steps.length ? canonical(last.Steps[last.Index].Expression) : null,
      ...groupsOf(r.Agent?.HierarchyGroups),
    },
  }
  c.inQueue = c.enqueued !== null && c.connected === null // PreDisconnectState IN_QUEUE
  c.abandoned = c.inQueue && c.next === null && c.transferred === null
  return c
}

// ---- agents

class Agent {
  hands = new Map()
  status = null
  since = null
  spans = []
  rings = []

  constructor(id) { this.id = id }

  of(queue) {
    return { QUEUE: queue, CHANNEL: 'CHAT', AGENT: this.id, ROUTING_PROFILE: this.profile, ...this.groups }
  }

  // advance ends the time in which nothing has changed.
  advance(to) {
    if (this.since === null) this.since = to
    if (to <= this.since) return
    const active = [...this.hands.values()].filter((h) => (h.state === 'CONNECTED' || h.state === 'ENDED') && h.method !== 'MONITOR')
    const online = this.status !== null && this.status !== 'OFFLINE'
    if (online || active.length > 0) {
      const queues = new Map()
      for (const h of active) if (h.queue !== null) queues.set(h.queue, (queues.get(h.queue) ?? 0) + 1)
      const failed = [...this.hands.values()].some((h) => ['MISSED', 'REJECTED', 'ERROR'].includes(h.state))
      this.spans.push({ from: this.since, to, status: this.status, online, active: active.length, failed, queues, agent: this })
    }
    this.since = to
  }

  event(e) {
    const now = e.CurrentAgentSnapshot
    const at = Math.max(Date.parse(e.EventTimestamp), this.since ?? 0)
    this.advance(at)
    this.profile = tail(now.Configuration.RoutingProfile?.ARN)
    this.groups = groupsOf(now.Configuration.AgentHierarchyGroups)
    if (now.AgentStatus) this.status = now.AgentStatus.Type
    if (e.EventType !== 'STATE_CHANGE') return
    const before = new Map(e.PreviousAgentSnapshot.Contacts.map((c) => [c.ContactId, c]))
    const after = new Map(now.Contacts.map((c) => [c.ContactId, c]))
    for (const [id, c] of before) if (!after.has(id)) this.moved(id, null, c, at)
    for (const [id, c] of after) if (before.get(id)?.State !== c.State) this.moved(id, c, c, at)
  }

  // moved is what has become of one contact in the agent's hands; is is null when it has left them.
  moved(id, is, c, at) {
    const was = this.hands.get(id)
    const ring = (from, outcome) => outcome !== null && this.rings.push({ from, to: at, outcome, method: c.InitiationMethod, of: { ...this.of(queueId(c.Queue)), INITIATION_METHOD: c.InitiationMethod } })
    if (was?.state === 'CONNECTING') ring(was.since, is?.State ?? null)
    else if (was === undefined && is?.State === 'CONNECTED' && c.InitiationMethod !== 'MONITOR') ring(at, is.State)
    if (is === null) this.hands.delete(id)
    else this.hands.set(id, { state: is.State, since: at, method: c.InitiationMethod, queue: queueId(c.Queue) })
  }
}

// ---- metrics of a row. It has lists of contacts, by what happened to them in the interval, of rings, and of agents' time.

const sum = (list, f) => list.reduce((n, x) => n + f(x), 0)
const mean = (list, f, unit = 1) => (list.length === 0 ? null : sum(list, f) / (list.length * unit))
const rate = (part, whole) => (whole === 0 ? null : (100 * part) / whole)
const ratio = (part, whole, unit = 1) => (whole === 0 ? null : part / (whole * unit))

const queued = (row) => row.ended.filter((c) => c.enqueued !== null)
const abandoned = (row) => row.ended.filter((c) => c.abandoned)
const handled = (row) => row.ended.filter((c) => c.connected !== null)
const answered = (row) => handled(row).filter((c) => c.enqueued !== null)
const resolution = (c) => Math.max(0, Math.max(c.ended, c.workEnd ?? 0) - c.initiated)
const handle = (c) => c.interaction + c.afterWork
const flowing = (row) => row.ended.filter((c) => c.system !== null && ['INBOUND', 'TRANSFER', 'QUEUE_TRANSFER', 'API'].includes(c.method))
const flowTime = (c) => (c.enqueued ?? c.transferred ?? c.ended) - c.system
const transferred = (row) => row.ended.filter((c) => c.transferred !== null)
const within = (list, f, t) => list.filter((c) => f(c) < t.ThresholdValue || (t.Comparison === 'LTE' && f(c) === t.ThresholdValue)).length
const time = (row, f) => sum(row.spans.filter(f), (s) => s.took)
const onContact = (s) => s.status === 'ROUTABLE' && s.active > 0
const isIdle = (s) => s.status === 'ROUTABLE' && s.active === 0
const connecting = (row) => row.rings.filter((r) => r.outcome !== 'REJECTED')
const accepted = (row) => row.rings.filter((r) => r.outcome === 'CONNECTED' || r.outcome === 'ENDED')
const given = (row, f) => row.ended.filter((c) => f(c) != null)
const close = (c) => c.talk.ConversationCloseTimeInMillis
const first = (c) => c.talk.AgentFirstResponseTimeInMillis
const answer = (c) => (c.talk.AgentFirstResponseTimestamp == null || c.enqueued === null ? null : Math.max(0, Date.parse(c.talk.AgentFirstResponseTimestamp) - c.enqueued * 1000))

const ofAgents = new Set(['AGENT_ANSWER_RATE', 'AGENT_NON_RESPONSE', 'AVG_AGENT_CONNECTING_TIME', 'SUM_CONNECTING_TIME_AGENT', 'AGENT_OCCUPANCY', 'SUM_ONLINE_TIME_AGENT',
  'SUM_CONTACT_TIME_AGENT', 'SUM_IDLE_TIME_AGENT', 'SUM_NON_PRODUCTIVE_TIME_AGENT', 'SUM_ERROR_STATUS_TIME_AGENT', 'AVG_AGENT_CONCURRENCY'])

const metrics = {
  CONTACTS_CREATED: (row) => row.created.length,
  CONTACTS_QUEUED: (row) => queued(row).length,
  CONTACTS_QUEUED_BY_ENQUEUE: (row) => row.enqueued.length,
  CONTACTS_HANDLED: (row) => handled(row).length,
  CONTACTS_HANDLED_BY_CONNECTED_TO_AGENT: (row) => row.connected.length,
  CONTACTS_ABANDONED: (row) => abandoned(row).length,
  ABANDONMENT_RATE: (row) => rate(abandoned(row).length, queued(row).length),
  AVG_ABANDON_TIME: (row) => mean(abandoned(row), (c) => c.waited),
  AVG_QUEUE_ANSWER_TIME: (row) => mean(answered(row), (c) => c.waited),
  MAX_QUEUED_TIME: (row) => queued(row).reduce((most, c) => Math.max(most ?? 0, c.waited), null),
  CONTACTS_REMOVED_FROM_QUEUE_IN_X: (row, t) => within(queued(row), (c) => c.waited, t),
  SERVICE_LEVEL: (row, t) => rate(within(queued(row), (c) => c.waited, t), queued(row).length),
  SUM_CONTACTS_ANSWERED_IN_X: (row, t) => within(answered(row), (c) => c.waited, t),
  SUM_CONTACTS_ABANDONED_IN_X: (row, t) => within(abandoned(row), (c) => c.waited, t),
  CONTACTS_RESOLVED_IN_X: (row, t) => within(row.ended, resolution, t),
  AVG_RESOLUTION_TIME: (row) => mean(row.ended, resolution),
  AVG_CONTACT_DURATION: (row) => mean(row.ended, (c) => c.ended - c.initiated),
  AVG_INTERACTION_TIME: (row) => mean(handled(row), (c) => c.interaction),
  SUM_INTERACTION_TIME: (row) => sum(handled(row), (c) => c.interaction),
  AVG_AFTER_CONTACT_WORK_TIME: (row) => mean(handled(row), (c) => c.afterWork),
  SUM_AFTER_CONTACT_WORK_TIME: (row) => sum(handled(row), (c) => c.afterWork),
  AVG_HANDLE_TIME: (row) => mean(handled(row), handle),
  SUM_HANDLE_TIME: (row) => sum(handled(row), handle),
  AVG_ACTIVE_TIME: (row) => mean(handled(row).filter((c) => handle(c) > 0), handle),
  AVG_CONTACT_FLOW_TIME: (row) => mean(flowing(row), flowTime),
  SUM_CONTACT_FLOW_TIME: (row) => sum(flowing(row), flowTime),
  SUM_CONTACTS_DISCONNECTED: (row) => row.ended.filter((c) => c.inQueue).length,
  CONTACTS_TRANSFERRED_OUT: (row) => transferred(row).length,
  CONTACTS_TRANSFERRED_OUT_BY_AGENT: (row) => transferred(row).filter((c) => c.connected !== null).length,
  CONTACTS_TRANSFERRED_OUT_FROM_QUEUE: (row) => transferred(row).filter((c) => c.inQueue).length,
  CONTACTS_TRANSFERRED_OUT_INTERNAL: (row) => transferred(row).filter((c) => c.connected !== null).length,

  AGENT_ANSWER_RATE: (row) => rate(accepted(row).length, row.rings.length),
  AGENT_NON_RESPONSE: (row) => row.rings.length - accepted(row).length,
  AVG_AGENT_CONNECTING_TIME: (row) => mean(connecting(row), (r) => r.to - r.from, 1000),
  SUM_CONNECTING_TIME_AGENT: (row) => sum(connecting(row), (r) => r.to - r.from) / 1000,
  AGENT_OCCUPANCY: (row) => rate(time(row, onContact), time(row, onContact) + time(row, isIdle)),
  SUM_ONLINE_TIME_AGENT: (row) => time(row, (s) => s.online) / 1000,
  SUM_CONTACT_TIME_AGENT: (row) => time(row, onContact) / 1000,
  SUM_IDLE_TIME_AGENT: (row) => time(row, isIdle) / 1000,
  SUM_NON_PRODUCTIVE_TIME_AGENT: (row) => time(row, (s) => s.status === 'CUSTOM') / 1000,
  SUM_ERROR_STATUS_TIME_AGENT: (row) => time(row, (s) => s.online && s.failed) / 1000,
  AVG_AGENT_CONCURRENCY: (row) => ratio(sum(row.spans, (s) => s.took * s.active), time(row, (s) => s.active > 0)),

  AVG_FIRST_RESPONSE_TIME_AGENT: (row) => mean(given(row, first), first, 1000),
  AVG_CONTACT_FIRST_RESPONSE_TIME_AGENT: (row) => mean(given(row, answer), answer, 1000),
  AVG_RESPONSE_TIME_AGENT: (row) => ratio(sum(row.ended, (c) => c.agent.TotalResponseTimeInMillis ?? 0), sum(row.ended, (c) => c.agent.NumResponses ?? 0), 1000),
  AVG_RESPONSE_TIME_CUSTOMER: (row) => ratio(sum(row.ended, (c) => c.customer.TotalResponseTimeInMillis ?? 0), sum(row.ended, (c) => c.customer.NumResponses ?? 0), 1000),
  AVG_MESSAGE_LENGTH_AGENT: (row) => ratio(sum(row.ended, (c) => c.agent.MessageLengthInChars ?? 0), sum(row.ended, (c) => c.agent.MessagesSent ?? 0)),
  AVG_MESSAGE_LENGTH_CUSTOMER: (row) => ratio(sum(row.ended, (c) => c.customer.MessageLengthInChars ?? 0), sum(row.ended, (c) => c.customer.MessagesSent ?? 0)),
  AVG_MESSAGES: (row) => mean(row.ended, (c) => c.talk.TotalMessages),
  AVG_MESSAGES_AGENT: (row) => mean(row.ended, (c) => c.agent.MessagesSent ?? 0),
  AVG_MESSAGES_CUSTOMER: (row) => mean(row.ended, (c) => c.customer.MessagesSent ?? 0),
  AVG_MESSAGES_BOT: (row) => mean(row.ended, (c) => c.talk.TotalBotMessages),
  AVG_CONVERSATION_CLOSE_TIME: (row) => mean(given(row, close), close, 1000),
  CONVERSATIONS_ABANDONED: (row) => handled(row).filter((c) => !c.agent.MessagesSent || !c.customer.MessagesSent).length,

  STEP_CONTACTS_QUEUED: (row) => row.steps.length,
  PERCENT_CONTACTS_STEP_EXPIRED: (row) => rate(row.steps.filter((s) => s.status === 'EXPIRED').length, row.steps.length),
  PERCENT_CONTACTS_STEP_JOINED: (row) => rate(row.steps.filter((s) => s.status === 'JOINED').length, row.steps.length),
}

// ---- questions

// intervals divides a time by the wall clock of a place.
function intervals(start, end, details) {
  const period = details?.IntervalPeriod || 'TOTAL'
  if (period === 'TOTAL') return [[start, end]]
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: details.TimeZone || 'UTC', hourCycle: 'h23', weekday: 'short', hour: '2-digit', minute: '2-digit' })
  const begins = (at) => {
    const part = Object.fromEntries(clock.formatToParts(at).map((p) => [p.type, p.value]))
    const [hour, minute] = [Number(part.hour), Number(part.minute)]
    switch (period) {
      case 'FIFTEEN_MIN': return minute % 15 === 0
      case 'THIRTY_MIN': return minute % 30 === 0
      case 'HOUR': return minute === 0
      case 'DAY': return hour === 0 && minute === 0
      default: return part.weekday === 'Mon' && hour === 0 && minute === 0
    }
  }
  const borders = [start]
  for (let at = (Math.floor(start / 900_000) + 1) * 900_000; at < end; at += 900_000) if (begins(at)) borders.push(at)
  return borders.map((from, i) => [from, borders[i + 1] ?? end])
}

const emptyRow = () => ({ created: [], enqueued: [], connected: [], ended: [], steps: [], rings: [], spans: [] })

function recount({ At, Request: q }, contacts, agents) {
  const times = intervals(q.Start, q.End, q.Interval)
  const groupings = q.Groupings ?? []
  const rows = new Map()
  const about = { contacts: q.Metrics.some((m) => !ofAgents.has(m.Name)), agents: q.Metrics.some((m) => ofAgents.has(m.Name)) }
  const find = (at) => {
    let low = 0
    let high = times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (times[middle][1] > at) high = middle
      else low = middle + 1
    }
    return low < times.length && times[low][0] <= at ? low : null
  }
  const passes = (of) => q.Filters.every((f) => f.FilterValues.includes(of[f.FilterKey]))
  const put = (interval, of, into, what) => {
    if (interval === null || !passes(of)) return
    const values = groupings.map((g) => of[g])
    if (values.some((v) => v == null || v === '')) return
    const key = JSON.stringify([times[interval][0], ...values])
    if (!rows.has(key)) rows.set(key, emptyRow())
    rows.get(key)[into].push(what)
  }
  if (about.contacts) {
    for (const c of contacts) {
      put(find(c.initiated * 1000), c.of, 'created', c)
      if (c.enqueued !== null) put(find(c.enqueued * 1000), c.of, 'enqueued', c)
      if (c.connected !== null) put(find(c.connected * 1000), c.of, 'connected', c)
      const end = find(c.ended * 1000)
      put(end, c.of, 'ended', c)
      for (const s of c.steps) put(end, { ...c.of, ROUTING_STEP_EXPRESSION: s.expression }, 'steps', s)
    }
  }
  const byQueue = groupings.includes('QUEUE') || q.Filters.some((f) => f.FilterKey === 'QUEUE')
  if (about.agents) {
    for (const a of agents) {
      for (const r of a.rings) put(find(r.from), r.of, 'rings', r)
      for (const s of a.until(At)) {
        for (let i = find(Math.max(s.from, q.Start)); i !== null && i < times.length && times[i][0] < s.to; i++) {
          const took = Math.min(s.to, times[i][1]) - Math.max(s.from, times[i][0])
          if (took <= 0) continue
          if (!byQueue) put(i, a.of(null), 'spans', { ...s, took })
          else for (const [queue, active] of s.queues) put(i, a.of(queue), 'spans', { active, took })
        }
      }
    }
  }
  return rows
}

// filtered is a row without the contacts and rings that the filters of one metric leave out.
function filtered(row, filters) {
  if (!filters?.length) return row
  const keep = (x) => filters.every((f) => f.MetricFilterValues.includes(x.of[f.MetricFilterKey]) !== (f.Negate ?? false))
  return { ...row, created: row.created.filter(keep), connected: row.connected.filter(keep), ended: row.ended.filter(keep), rings: row.rings.filter(keep) }
}

// ---- main

const records = new Map()
for await (const r of lines('contact-records')) {
  const known = records.get(r.ContactId)
  if (!known || known.LastUpdateTimestamp <= r.LastUpdateTimestamp) records.set(r.ContactId, r)
}
const contacts = [...records.values()].map(contactOf)
const byId = new Map()
let events = 0
for await (const e of lines('agent-events')) {
  const id = tail(e.AgentARN)
  if (!byId.has(id)) byId.set(id, new Agent(id))
  byId.get(id).event(e)
  events++
}
const agents = [...byId.values()]
for (const a of agents) {
  a.until = (at) => {
    const more = Object.assign(new Agent(a.id), { hands: a.hands, status: a.status, since: a.since, profile: a.profile, groups: a.groups })
    more.advance(at)
    return [...a.spans, ...more.spans]
  }
}

let [questions, compared, wrong] = [0, 0, 0]
const silent = new Set(Object.keys(metrics)) // those that have never been anything but nothing
const complain = (...words) => { if (++wrong <= 20) console.error(...words) }
for await (const e of lines('answers')) {
  questions++
  const rows = recount(e, contacts, agents)
  const what = JSON.stringify([e.Request.Filters.map((f) => f.FilterKey), e.Request.Groupings, e.Request.Interval])
  const seen = new Set()
  for (const r of e.Rows) {
    const key = JSON.stringify([Date.parse(r.MetricInterval.StartTime), ...(e.Request.Groupings ?? []).map((g) => r.Dimensions[g])])
    seen.add(key)
    const row = rows.get(key)
    if (!row) {
      complain('a row too many', what, key)
      continue
    }
    r.Collections.forEach(({ Metric: m, Value = null }) => {
      const want = metrics[m.Name](filtered(row, m.MetricFilters), m.Threshold?.[0])
      compared++
      if (want) silent.delete(m.Name)
      if (want !== Value) complain(m.Name, JSON.stringify([m.Threshold, m.MetricFilters]), what, key, 'is', Value, 'and should be', want)
    })
  }
  for (const key of rows.keys()) if (!seen.has(key)) complain('a row is missing', what, key)
}
for (const name of silent) complain(name, 'is never anything but nothing')
console.log(`${contacts.length} contacts, ${events} events of ${agents.length} agents, ${questions} answers, ${compared} values, ${wrong} of them wrong`)
if (wrong > 0 || compared === 0) process.exit(1)
