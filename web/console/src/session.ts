// Who is signed in: the session is in a cookie that no script reads.
import { routes, type Shapes } from '../../api/agent_gen';
import { caller } from '../../api/call';

/** Where the server is: the pages are in a directory of their own below it. */
export const root = new URL('..', document.baseURI);

const call = caller<Shapes>(routes, { root });

export async function signIn(InstanceId: string, UserName: string, Password: string): Promise<void> {
  await call('CreateSession', { InstanceId, UserName, Password });
}

export async function signOut(): Promise<void> {
  await call('DeleteSession', {});
}

/** What the page is told when it is loaded: the instance of its address. */
export const instance = new URLSearchParams(location.search).get('instance') ?? document.querySelector<HTMLMetaElement>('meta[name=instance]')?.content ?? '';
