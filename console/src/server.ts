/** One file because all that the console knows of the server is here: how `/graphql` is asked, followed and refused by. */
import type { Client as Socket, ExecutionResult } from 'graphql-ws';
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import {
  cacheExchange,
  Client,
  fetchExchange,
  mapExchange,
  subscriptionExchange,
  useQuery,
  useSubscription,
  type AnyVariables,
  type CombinedError,
  type RequestPolicy,
  type TypedDocumentNode,
} from 'urql';
import { paths } from './paths';

const retryMsMax = 2_000;
const pingEveryMs = 10_000;
const pongWithinMs = 5_000;
/** A tab that was hidden for less than this keeps its socket. */
const hiddenMsMax = 1_000;

// ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Issue {
  /** Relative to the mutation's input: `name`, `allowedCidrs.0`. */
  path: string;
  message: string;
}

/** Why the server did not do as it was asked, out of its one catalogue of errors. */
export interface Refusal {
  /** A code of the catalogue, or `unreachable` where no answer came. */
  code: string;
  message: string;
  issues: readonly Issue[];
  details: Readonly<Record<string, unknown>>;
}

function refusalOf(error: CombinedError): Refusal {
  const [first] = error.graphQLErrors;
  if (first === undefined) {
    const message = 'The server cannot be reached. Check your connection, then try again.';
    return { code: 'unreachable', message, issues: [], details: {} };
  }
  const { code = 'internal_error', details = {} } = first.extensions as Partial<Refusal>;
  const { issues = [] } = details as { issues?: Issue[] };
  return { code, message: first.message, issues, details };
}

// ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const isSignedOutPage = () => /^\/console\/(sign-in|invitation)\b/.test(location.pathname);
const otherTabs = new BroadcastChannel('iozen-session');

/** Tells the other tabs of this browser that somebody signed in or out: what they show is not theirs any more. */
export function sessionChanged(): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin.
  otherTabs.postMessage(null);
}
otherTabs.addEventListener('message', () => {
  if (!isSignedOutPage()) location.reload();
});

let isLeaving = false;

/** Leads to sign-in and back to the same address. A whole new page: nothing that was read or typed is left in memory. */
export function sessionEnded(): void {
  if (isLeaving || isSignedOutPage()) return;
  isLeaving = true;
  const here = location.pathname.slice('/console'.length) + location.search;
  // Back does not lead here again, only to be led away once more.
  location.replace(`/console${paths.signIn(here)}`);
}

// ── The connection that tells what changes ───────────────────────────────────────────────────────────────────────────────

/** `idle`: nothing is followed; `lost`: it was live, and is being made again. */
export type Connection = 'idle' | 'connecting' | 'live' | 'lost';

interface Sink {
  next(result: ExecutionResult): void;
  error(error: unknown): void;
  complete(): void;
}
interface Following {
  request: { query: string; variables?: Record<string, unknown> };
  sink: Sink;
  /** Ends it for now; null while it is not under way. */
  end: (() => void) | null;
}

/** One socket a tab, made when something is followed, made again for ever, and given up while nobody looks at the tab. */
class Live {
  state: Connection = 'idle';
  /** Grows whenever something may have been missed: pages are then read anew. */
  gaps = 0;
  private readonly followed = new Set<Following>();
  private readonly listeners = new Set<() => void>();
  private socket: Promise<Socket> | null = null;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private isAway = document.hidden;
  private isOpen = false;

  constructor() {
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.hiding);
      if (!document.hidden) this.comeBack();
      else this.hiding = setTimeout(() => this.goAway(), hiddenMsMax);
    });
  }

  readonly listen = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  follow(request: Following['request'], sink: Sink): { unsubscribe(): void } {
    const following: Following = { request, sink, end: null };
    this.followed.add(following);
    if (!this.isAway) void this.begin(following);
    return {
      unsubscribe: () => {
        this.followed.delete(following);
        following.end?.();
        if (this.followed.size === 0) this.is('idle');
      },
    };
  }

  private async begin(following: Following): Promise<void> {
    let isOver = false;
    following.end = () => void (isOver = true);
    if (this.state === 'idle') this.is(this.isOpen ? 'live' : 'connecting');
    const socket = await (this.socket ??= this.connect());
    if (isOver) return;
    const again = () => {
      following.end = null;
      if (isOver || !this.followed.has(following) || this.isAway) return;
      this.is('lost');
      setTimeout(() => void (this.followed.has(following) && this.begin(following)), retryMsMax * Math.random());
    };
    const end = socket.subscribe(following.request, {
      next: (result) => following.sink.next(result as ExecutionResult),
      // A refusal is told; a socket that the library gives up is made again.
      error: (error) => (Array.isArray(error) ? following.sink.error(refused(error)) : again()),
      complete: () => (isOver ? undefined : following.sink.complete()),
    });
    following.end = () => {
      isOver = true;
      end();
    };
  }

  private async connect(): Promise<Socket> {
    const { createClient } = await import('graphql-ws');
    let open: WebSocket | null = null;
    let late: ReturnType<typeof setTimeout> | undefined;
    return createClient({
      url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
      lazyCloseTimeout: 1_000,
      keepAlive: pingEveryMs,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: async (retries) => {
        const mostMs = Math.min(retryMsMax, 200 * 2 ** retries);
        await new Promise((resolve) => setTimeout(resolve, mostMs * (0.5 + Math.random() / 2)));
      },
      on: {
        connected: (socket) => {
          open = socket as WebSocket;
          this.isOpen = true;
          if (this.state === 'lost') this.gap();
          this.is('live');
        },
        ping: (isReceived) => {
          if (!isReceived) late = setTimeout(() => open?.close(4_408, 'no pong'), pongWithinMs);
        },
        pong: (isReceived) => {
          if (isReceived) clearTimeout(late);
        },
        closed: (event) => {
          this.isOpen = false;
          clearTimeout(late);
          if (this.followed.size > 0 && !this.isAway) this.is('lost');
          if ((event as CloseEvent).code === 4_403) void askWhoIsHere();
        },
      },
    });
  }

  private goAway(): void {
    this.isAway = true;
    for (const following of this.followed) following.end?.();
    this.is('idle');
  }

  private comeBack(): void {
    if (!this.isAway) return;
    this.isAway = false;
    if (this.followed.size === 0) return;
    for (const following of this.followed) void this.begin(following);
    this.gap();
  }

  private gap(): void {
    this.gaps += 1;
    this.tell();
  }

  private is(state: Connection): void {
    if (this.state === state) return;
    this.state = state;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

const live = new Live();
const stateNow = () => live.state;
const gapsNow = () => live.gaps;

function refused(errors: readonly { message: string; extensions?: unknown }[]): Error {
  const isOver = errors.some((error) => codeOf(error) === 'authentication_required');
  if (isOver) sessionEnded();
  return new Error(errors[0]?.message ?? 'refused');
}

const codeOf = ({ extensions }: { extensions?: unknown }) => (extensions as { code?: string } | undefined)?.code;

export const useConnection = (): Connection => useSyncExternalStore(live.listen, stateNow);

// ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const server = new Client({
  url: '/graphql',
  preferGetMethod: false,
  requestPolicy: 'cache-and-network',
  fetchOptions: { headers: { 'apollo-require-preflight': 'true' }, credentials: 'same-origin' },
  exchanges: [
    mapExchange({
      onError: (error) => {
        if (error.graphQLErrors.some((one) => codeOf(one) === 'authentication_required')) sessionEnded();
      },
    }),
    cacheExchange,
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => live.follow({ query, variables: variables as Record<string, unknown> }, sink),
      }),
    }),
  ],
});

async function askWhoIsHere(): Promise<void> {
  await server.query('query WhoIsHere { viewer { role } }', {}, { requestPolicy: 'network-only' }).toPromise();
}

export interface Read<Data> {
  /** undefined until the first answer; a refused part of an answer is null, as its type says. */
  data: Data | undefined;
  refusal: Refusal | null;
  /** Whether an answer is awaited, also while an earlier one is shown. */
  isReading: boolean;
  again(): void;
}

interface ReadOptions {
  /** The types of rows that a list may be empty of: a mutation that answers with one of them reads the list anew. */
  types?: readonly string[];
  policy?: RequestPolicy;
  /** Whether to wait with asking. */
  pause?: boolean;
}

/** What a query answers, read anew after each gap in what the connection told. */
export function useRead<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  { types = [], policy = 'cache-and-network', pause = false }: ReadOptions = {},
): Read<Data> {
  const named = types.join();
  const context = useMemo(() => ({ additionalTypenames: named === '' ? [] : named.split(',') }), [named]);
  const options = { query, variables, requestPolicy: policy, context, pause };
  const [{ data, error, fetching, stale }, execute] = useQuery<Data>(options);
  const again = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute]);
  const gaps = useSyncExternalStore(live.listen, gapsNow);
  const seen = useRef(gaps);
  useEffect(() => {
    if (seen.current === gaps) return;
    seen.current = gaps;
    if (!pause) again();
  }, [gaps, again, pause]);
  return { data, refusal: error === undefined ? null : refusalOf(error), isReading: fetching || stale, again };
}

/** Reads once, outside of a component's rendering. */
export async function readNow<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<{ data: Data | undefined; refusal: Refusal | null }> {
  const { data, error } = await server.query(query, variables, { requestPolicy: 'network-only' }).toPromise();
  return { data, refusal: error === undefined ? null : refusalOf(error) };
}

export interface Change<Data, Variables> {
  /** Asks for the change; null where it was refused. One at a time: while one is under way, another is not sent. */
  send(variables: Variables): Promise<Data | null>;
  isBusy: boolean;
  refusal: Refusal | null;
}

/** A mutation. Its answer goes to whoever sent it alone, and is kept nowhere: it may hold a secret. */
export function useChange<Data, Variables extends AnyVariables>(
  mutation: TypedDocumentNode<Data, Variables>,
): Change<Data, Variables> {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const isSent = useRef(false);
  const send = useCallback(
    async (variables: Variables) => {
      if (isSent.current) return null;
      isSent.current = true;
      setBusy(true);
      const { data, error } = await server.mutation(mutation, variables).toPromise();
      isSent.current = false;
      setBusy(false);
      setRefusal(error === undefined ? null : refusalOf(error));
      return error === undefined && data !== undefined ? data : null;
    },
    [mutation],
  );
  return { send, isBusy, refusal };
}

interface FollowOptions {
  pause?: boolean;
  /** What is read once more when the stream has begun: what happened between a page's answer and that is told by neither. */
  again?: () => void;
}

/** A stream has begun so long after it was asked for: the protocol does not say when. */
const streamBegunMs = 1_000;

/** Follows a subscription while the component is shown. */
export function useFollow<Data, Variables extends AnyVariables>(
  subscription: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onEvent: (data: Data) => void,
  { pause = false, again }: FollowOptions = {},
): void {
  const latest = useRef(onEvent);
  const readAgain = useRef(again);
  useEffect(() => {
    latest.current = onEvent;
    readAgain.current = again;
  });
  useEffect(() => {
    if (pause) return;
    const timer = setTimeout(() => readAgain.current?.(), streamBegunMs);
    return () => clearTimeout(timer);
  }, [pause]);
  useSubscription<Data, null>({ query: subscription, variables, pause }, (_before, data) => {
    latest.current(data);
    return null;
  });
}
