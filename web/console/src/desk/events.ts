// Events of transcripts in words.
import { t } from '../words';

/** What an event says. */
export function eventText(type: string, name: string): string {
  const kind = type.split('.event.')[1] ?? type;
  switch (kind) {
    case 'participant.joined': return t('chat.joined', { name });
    case 'participant.left': return t('chat.leftEvent', { name });
    case 'participant.idle': return t('chat.idle', { name });
    case 'participant.returned': return t('chat.returned', { name });
    case 'participant.invited': return t('chat.invited');
    case 'chat.ended': return t('chat.endedEvent');
    case 'transfer.succeeded': return t('chat.transferred');
    case 'transfer.failed': return t('chat.transferFailed');
    default: return t('chat.event', { name: kind });
  }
}
