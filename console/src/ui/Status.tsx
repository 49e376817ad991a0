import './Status.css';
import type { ReactNode } from 'react';

/** Green arrived, amber waits, red failed, grey stands still; each has a shape of its own beside its word. */
export type StatusKind = 'good' | 'wait' | 'bad' | 'still';

export const Status = ({ kind, children }: { kind: StatusKind; children: ReactNode }) => (
  <span className={`status ${kind}`}>{children}</span>
);

/** The shape of a status alone, where the words stand beside it. */
export const StatusShape = ({ kind }: { kind: StatusKind }) => <span className={`status-shape ${kind}`} aria-hidden />;

/** A word about a thing that is no state of it, such as "Test". */
export const Tag = ({ children }: { children: ReactNode }) => <span className="tag">{children}</span>;
