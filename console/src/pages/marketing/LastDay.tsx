import { attributionGuide } from './platforms';

/** What became of a destination's conversions in the last day, as the server says it in one sentence. */
export function LastDay({ summary }: { summary: string }) {
  // What stands between backticks is code.
  const parts = summary.split('`').map((text, at) => ({ text, isCode: at % 2 === 1, at }));
  return (
    <p className="last-day">
      {parts.map(({ text, isCode, at }) => (isCode ? <code key={at}>{text}</code> : text))}
      {summary.includes('attribution') && (
        <>
          {' '}
          <a href={attributionGuide} target="_blank" rel="noreferrer">
            Here is how
          </a>
        </>
      )}
    </p>
  );
}
