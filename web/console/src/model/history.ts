// Transcripts of contacts that are over, and as files.
import type { TranscriptItem } from '../../../api/agent_gen';
import type { AgentCaller } from './live';

/** How much of a transcript is read, in items. */
const most = 10_000;

/** Reads the transcript of a contact, oldest first. */
export async function transcriptOf(call: AgentCaller, ContactId: string, signal?: AbortSignal): Promise<TranscriptItem[]> {
  const all: TranscriptItem[] = [];
  for (let NextToken: string | undefined; ;) {
    const page = await call('GetContactTranscript', { ContactId, SortOrder: 'ASCENDING', MaxResults: 100, ...(NextToken && { NextToken }) }, signal);
    all.push(...page.Transcript);
    NextToken = page.NextToken;
    if (!NextToken || all.length >= most) return all;
  }
}

const spoken = (item: TranscriptItem): string => item.Content ?? item.Attachments?.map((a) => `[${a.AttachmentName}]`).join(' ') ?? `(${item.ContentType.split('.event.')[1] ?? item.ContentType})`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** The forms in which a transcript can be kept. */
export const forms = {
  text: { type: 'text/plain', name: 'txt', write: (items: TranscriptItem[]) => items.map((i) => `${i.AbsoluteTime} ${i.DisplayName ?? i.ParticipantRole ?? ''}: ${spoken(i)}`).join('\n') + '\n' },
  html: {
    type: 'text/html', name: 'html', write: (items: TranscriptItem[]) => `<!doctype html><meta charset="utf-8"><title>Transcript</title><table>${items
      .map((i) => `<tr><td>${escaped(i.AbsoluteTime)}<td>${escaped(i.DisplayName ?? i.ParticipantRole ?? '')}<td>${escaped(spoken(i))}`).join('')}</table>\n`,
  },
  json: { type: 'application/json', name: 'json', write: (items: TranscriptItem[]) => `${JSON.stringify(items, undefined, 2)}\n` },
} as const;

/** Has the browser keep a text as a file. */
export function keep(text: string, type: string, name: string): void {
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A table as CSV (RFC 4180). What a spreadsheet would take for a formula begins with an apostrophe. */
export function csv(rows: (string | number)[][]): string {
  const cell = (value: string | number) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
