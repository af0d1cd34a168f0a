// How people and contacts are called.
import type { AgentContact } from '../../../api/agent_gen';
import { t } from '../words';

/** The customer's name. */
export function nameOf(contact: AgentContact): string {
  return contact.Connections.find((c) => c.ConnectionType === 'INBOUND')?.DisplayName || t('chat.customer');
}

/** What becomes of a contact, in a word. */
export function stateOf(contact: AgentContact): string {
  const watch = contact.Connections[0]?.Monitoring;
  if (watch) return t(watch.MonitorMode === 'BARGE' ? 'chat.barged' : 'chat.watching', { name: watch.AgentName ?? '' });
  return t(`chat.state.${contact.State}`);
}

/** Whether the contact is a supervisor's. */
export const watched = (contact: AgentContact): boolean => contact.Connections[0]?.Monitoring !== undefined;
