import './Meter.css';

interface MeterProps {
  /** What is measured, for those who listen: "API keys". */
  label: string;
  value: number;
  max: number;
  /** The words beside it: "4 of 10". */
  text: string;
  /** Whether to be full is the goal, as of work that goes on, not a limit that is met. */
  isProgress?: boolean;
}

const nearly = 0.9;
/** Less than this would not be seen. */
const leastShare = 0.01;

/** How much of a limit is used: always beside its words. */
export function Meter({ label, value, max, text, isProgress = false }: MeterProps) {
  const share = max === 0 ? 0 : Math.min(1, value / max);
  const state = isProgress ? '' : share >= 1 ? 'full' : share >= nearly ? 'nearly' : '';
  return (
    <div
      className={`meter ${state}`}
      role={isProgress ? 'progressbar' : 'meter'}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      aria-valuetext={text}
    >
      <div style={{ width: `${share === 0 ? 0 : Math.max(share, leastShare) * 100}%` }} />
    </div>
  );
}
