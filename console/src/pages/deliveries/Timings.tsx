import type { Attempt } from './delivery';
import { duration } from '../../ui/Time';
import './Timings.css';

/** Where the time of an attempt went: a bar of up to five parts, and the same in words. */
export function Timings({ timings, responseStatus }: Pick<Attempt, 'timings' | 'responseStatus'>) {
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = timings;
  const known = [dnsMs, connectMs, tlsMs, firstByteMs].reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  const restMs = Math.max(0, totalMs - known);
  const isAnswered = responseStatus !== null;
  const all: readonly (readonly [name: string, ms: number | null, className: string])[] = [
    ['Name', dnsMs, 'dns'],
    ['Connect', connectMs, 'connect'],
    ['TLS', tlsMs, 'tls'],
    ['Waiting', firstByteMs, 'waiting'],
    [isAnswered ? 'Reading' : 'Until it failed', restMs, isAnswered ? 'reading' : 'failing'],
  ];
  const parts = all.filter((part): part is [string, number, string] => part[1] !== null);
  const isKept = connectMs === null && firstByteMs !== null;
  return (
    <div className="timings">
      <div className="timings-bar" aria-hidden>
        {parts.map(([name, ms, className]) => (
          <i key={name} className={className} style={{ flexGrow: ms }} />
        ))}
      </div>
      <ul>
        {parts.map(([name, ms, className]) => (
          <li key={name}>
            <i className={className} aria-hidden />
            {name} <span className="number">{duration(ms)}</span>
          </li>
        ))}
      </ul>
      {isKept && <p className="faint">The connection was kept from an earlier delivery: no name, connect or TLS.</p>}
    </div>
  );
}
