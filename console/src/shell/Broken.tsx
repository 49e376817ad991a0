import { useRouteError } from 'react-router';
import { Button } from '../ui/Button';
import '../ui/States.css';

/** Shown where a page fails to load or to draw: the server is well, the page is not. */
export function Broken() {
  const error = useRouteError();
  const message = error instanceof Error ? error.message : 'The page could not be shown.';
  return (
    <main className="alone">
      <section className="card state bad" role="alert">
        <h1>This page broke</h1>
        <p>{message}</p>
        <Button look="main" onClick={() => location.reload()}>
          Load it again
        </Button>
      </section>
    </main>
  );
}
