// The supervisor's floor: what goes on now. Each part is there for who may see it.
import { useLive } from '../parts/live';
import { Agents } from './agents';
import { Chats } from './chats';
import { Queues } from './queues';

export default function FloorPage() {
  const live = useLive();
  const figures = live.may('AccessMetrics.RealTimeMetrics.Access') || live.may('AccessMetrics');
  return (
    <main className="floor">
      {figures && live.may('Queues.View') && <Queues />}
      {live.may('ManagerListenIn') && <Chats />}
      {figures && live.may('Queues.View') && <Agents />}
    </main>
  );
}
