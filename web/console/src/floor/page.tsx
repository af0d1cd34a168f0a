// The supervisor's floor: what goes on now.
import { Chats } from './chats';

export default function FloorPage() {
  return <main className="floor"><Chats /></main>;
}
