// Who is signed in: the session is in a cookie that no script reads.
import { send } from '../../api/call';

/** Where the server is: the pages are in a directory of their own below it. */
export const root = new URL('..', document.baseURI);

const path = '/agent/session';

export async function signIn(InstanceId: string, UserName: string, Password: string): Promise<void> {
  await send({ method: 'POST', path }, { InstanceId, UserName, Password }, { root });
}

export async function signOut(): Promise<void> {
  await send({ method: 'DELETE', path }, {}, { root });
}

/** What the page is told when it is loaded: the instance of its address. */
export const instance = new URLSearchParams(location.search).get('instance') ?? document.querySelector<HTMLMetaElement>('meta[name=instance]')?.content ?? '';
