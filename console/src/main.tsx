import './styles/base.css';
import './styles/kit.css';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter } from 'react-router';
import { RouterProvider } from 'react-router/dom';
import { Provider } from 'urql';
import { routes } from './routes';
import { server } from './server';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

// After an upgrade the server has other files than this page knows of: the page is loaded anew, once.
addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem('iozen-reloaded') === location.href) return;
  event.preventDefault();
  sessionStorage.setItem('iozen-reloaded', location.href);
  location.reload();
});

createRoot(root).render(
  <Provider value={server}>
    <RouterProvider router={createBrowserRouter(routes, { basename: '/console' })} />
  </Provider>,
);
