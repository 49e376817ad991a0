import './Mark.css';

/** The sign of the house. */
export const Mark = () => (
  <svg className="mark" viewBox="0 0 20 20" aria-hidden>
    <path d="M16.1 6.9A7 7 0 1 0 17 10" />
  </svg>
);
