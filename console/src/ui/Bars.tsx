import './Bars.css';

export interface Bucket {
  /** When it begins. */
  at: string;
  delivered: number;
  failed: number;
}

interface BarsProps {
  /** What they count: "Attempts in the last 24 hours". */
  label: string;
  buckets: readonly Bucket[];
  height?: number;
}

const widthOf = 6;
const gap = 2;
const leastPx = 2;
const time = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit' });

/** What arrived and what failed, a bar for each span of time; the same as a table for those who listen. */
export function Bars({ label, buckets, height = 28 }: BarsProps) {
  const most = Math.max(1, ...buckets.map(({ delivered, failed }) => delivered + failed));
  const sum = (of: 'delivered' | 'failed') => buckets.reduce((total, bucket) => total + bucket[of], 0);
  const heightOf = (count: number) => (count === 0 ? 0 : Math.max(leastPx, (count / most) * height));
  const width = buckets.length * (widthOf + gap) - gap;
  return (
    <figure className="bars">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
        {buckets.map(({ at, delivered, failed }, index) => {
          const x = index * (widthOf + gap);
          const [good, bad] = [heightOf(delivered), heightOf(failed)];
          return (
            <g key={at}>
              <title>{`${time.format(Date.parse(at))}: ${delivered} delivered, ${failed} failed`}</title>
              <rect className="bars-ground" x={x} y={0} width={widthOf} height={height} />
              <rect className="bars-good" x={x} y={height - good} width={widthOf} height={good} />
              <rect className="bars-bad" x={x} y={Math.max(0, height - good - bad)} width={widthOf} height={bad} />
            </g>
          );
        })}
      </svg>
      <figcaption className="heard">
        {`${label}: ${sum('delivered').toLocaleString()} delivered, ${sum('failed').toLocaleString()} failed.`}
        <table>
          <thead>
            <tr>
              <th>From</th>
              <th>Delivered</th>
              <th>Failed</th>
            </tr>
          </thead>
          <tbody>
            {buckets.map(({ at, delivered, failed }) => (
              <tr key={at}>
                <td>{time.format(Date.parse(at))}</td>
                <td>{delivered}</td>
                <td>{failed}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </figcaption>
    </figure>
  );
}
