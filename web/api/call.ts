// Sends requests to an API by the table of its operations. Values are those of the JSON on the wire.
import { ApiError, uuid } from '../../internal/ccp/assets/error.js';

export { ApiError, uuid };

/** Where an operation lives, and which members of its input do not travel in the body. */
export interface Route {
  method: string;
  /** With {Member} for the members in it. */
  path: string;
  /** Members that are query parameters, with the names of these. */
  query?: Record<string, string>;
  /** The member that makes a repeated request harmless; a request without one is given one. */
  token?: string;
}

/** How long a request may take, in ms. */
const patience = 20_000;
/** How often a request is sent that does not get there, or is told to come again. */
const attempts = 3;

export interface Options {
  /** The address that paths are below; it ends with a slash. */
  root: URL;
  /** Goes into X-Amz-Bearer. Without it the browser's cookie says who asks. */
  bearer?: string;
  signal?: AbortSignal;
}

/** Sends one request of an operation, and again when it does not get there or the server asks for that; operations may be repeated. */
export async function send(route: Route, input: Record<string, unknown>, { root, bearer, signal }: Options): Promise<unknown> {
  const body: Record<string, unknown> = { ...input };
  if (route.token) body[route.token] ??= uuid();
  const path = route.path.replace(/\{(\w+)\}/g, (_, member: string) => {
    const value = body[member];
    delete body[member];
    return encodeURIComponent(String(value));
  });
  const url = new URL(path.slice(1), root);
  for (const [member, name] of Object.entries(route.query ?? {})) {
    for (const value of [body[member]].flat()) if (value !== undefined) url.searchParams.append(name, String(value));
    delete body[member];
  }
  const headers: Record<string, string> = {};
  if (bearer) headers['X-Amz-Bearer'] = bearer;
  const init: RequestInit = { method: route.method, headers };
  if (route.method !== 'GET' && route.method !== 'DELETE') {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  for (let attempt = 1; ; attempt++) {
    const last = attempt === attempts;
    let answer: Response;
    try {
      const late = AbortSignal.timeout(patience);
      answer = await fetch(url, { ...init, signal: signal ? AbortSignal.any([signal, late]) : late });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (last) throw new ApiError('Unreachable', 'The server does not answer. Try again when it does.', 0);
      await pause(250 * attempt);
      continue;
    }
    const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    if (answer.ok) return said;
    if (!last && (answer.status === 429 || answer.status === 503)) {
      const wait = Number(answer.headers.get('Retry-After'));
      await pause(Math.min(5_000, wait > 0 ? wait * 1_000 : 500 * attempt));
      continue;
    }
    const type = answer.headers.get('X-Amzn-Errortype') ?? String(said['__type'] ?? 'InternalServiceException');
    throw new ApiError(type, String(said['message'] ?? said['Message'] ?? `The server answers ${answer.status}.`), answer.status, said);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The operations of an API, typed by its tables. */
export type Caller<Shapes> = <K extends keyof Shapes & string>(operation: K, input: Shapes[K] extends [infer In, unknown] ? In : never, signal?: AbortSignal)
  => Promise<Shapes[K] extends [unknown, infer Out] ? Out : never>;

/** Returns what calls the operations of an API by its table. */
export function caller<Shapes>(routes: Record<keyof Shapes, Route>, options: Options): Caller<Shapes> {
  return (operation, input, signal) => send(routes[operation], input as Record<string, unknown>, { ...options, ...(signal && { signal }) }) as Promise<never>;
}
