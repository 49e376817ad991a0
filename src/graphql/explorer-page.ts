export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>ioZen GraphQL explorer</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/graphql/explorer/graphiql.css" />
    <link rel="stylesheet" href="/graphql/explorer/page.css" />
  </head>
  <body>
    <header>
      <h1>ioZen GraphQL explorer</h1>
      <form id="key" method="post">
        <label>API key <input name="key" type="password" required autocomplete="off" placeholder="iozen_live_…" /></label>
        <button>Use key</button>
      </form>
      <form id="person" method="post">
        <label>or E-mail <input name="email" type="email" required autocomplete="username" /></label>
        <label>Password <input name="password" type="password" required autocomplete="current-password" /></label>
        <button>Sign in</button>
      </form>
      <output id="caller" role="status">Give a key or sign in: without, only the schema can be read.</output>
      <form id="leave" method="post" hidden><button>Leave</button></form>
    </header>
    <main id="explorer">Loading…</main>
    <script src="/graphql/explorer/react.js"></script>
    <script src="/graphql/explorer/react-dom.js"></script>
    <script src="/graphql/explorer/graphiql.js"></script>
    <script src="/graphql/explorer/page.js"></script>
  </body>
</html>
`;

export const style = `html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; color-scheme: light dark; background: Canvas; color: CanvasText; }
header { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; padding: 8px 16px; font: 14px system-ui, sans-serif; }
h1 { margin: 0; font-size: 16px; }
form { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
form[hidden] { display: none; }
header input { width: 150px; }
main { flex: 1; min-height: 0; }
/* GraphiQL's own colours are too pale on white to be read by everybody. */
@media (prefers-color-scheme: light) {
  .graphiql-container, .CodeMirror-info, .CodeMirror-lint-tooltip {
    --alpha-secondary: 0.9; --color-secondary: 242, 51%, 50%; --color-tertiary: 188, 100%, 24%; --color-info: 208, 100%, 36%;
    --color-success: 158, 100%, 22%; --color-warning: 36, 100%, 27%; --color-error: 13, 93%, 40%;
  }
}
@media (max-width: 700px) {
  .graphiql-container .graphiql-logo { display: none; }
  .graphiql-container .graphiql-main { min-width: 0; }
  .graphiql-container .graphiql-sessions { min-width: 0; margin: 8px; }
  .graphiql-container .graphiql-session { flex-direction: column; }
  .graphiql-container .graphiql-session > div { min-height: 0; width: 100%; }
  .graphiql-container .graphiql-horizontal-drag-bar { display: none; }
  .graphiql-container .graphiql-editor-tools { flex-wrap: wrap; }
}
`;

export const script = `const url = new URL('/graphql', location.href);
const subscriptionUrl = new URL(url);
subscriptionUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

// The key stays in the memory of this page.
let key = '';
const callersHeaders = () => (key === '' ? {} : { Authorization: 'Bearer ' + key });

async function ask(query, input) {
  const headers = { 'Content-Type': 'application/json', ...callersHeaders() };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables: { input } }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  // Only callers who are known get this header.
  return { data, isNamed: response.headers.has('RateLimit-Policy') };
}

const [keyForm, personForm, leaveForm] = ['key', 'person', 'leave'].map((id) => document.getElementById(id));
const caller = document.getElementById('caller');
const nobody = caller.textContent;

function show(viewer) {
  const name = viewer && (viewer.user ? viewer.user.email + ', ' + viewer.role : 'the key ' + viewer.apiKey.name);
  caller.textContent = viewer ? 'You are ' + name + ', in ' + viewer.workspace.name + '.' : nobody;
  keyForm.hidden = personForm.hidden = viewer !== null;
  leaveForm.hidden = viewer === null;
}

async function showCaller() {
  show((await ask('{ viewer { role user { email } apiKey { name } workspace { name } } }')).data.viewer);
}

function onSubmit(form, act) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await act(Object.fromEntries(new FormData(form)));
      form.reset();
    } catch (error) {
      caller.textContent = error.message;
    }
  });
}

onSubmit(keyForm, async (given) => {
  key = given.key.trim();
  try {
    if (/[^!-~]/.test(key)) throw new Error('This is no API key.');
    await showCaller();
  } catch (error) {
    key = '';
    throw error;
  }
});
onSubmit(personForm, async (given) => {
  await ask('mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }', given);
  await showCaller();
});
onSubmit(leaveForm, async () => {
  if (key === '') await ask('mutation { signOut { signedOut } }');
  key = '';
  show(null);
});
// The session of an earlier visit may still be there.
ask('{ __typename }').then(({ isNamed }) => isNamed && showCaller(), () => undefined);

// A link may bring an operation: ?query=&variables=&operationName=
const linked = new URLSearchParams(location.search);
const given = (name) => linked.get(name) ?? undefined;

const send = GraphiQL.createFetcher({ url: url.href, subscriptionUrl: subscriptionUrl.href });
const explorer = React.createElement(GraphiQL, {
  fetcher: (operation, { headers, ...options } = {}) =>
    send(operation, { ...options, headers: { ...callersHeaders(), ...headers } }),
  defaultQuery: '{\\n  intakeBots(first: 5) {\\n    nodes {\\n      id\\n      name\\n    }\\n  }\\n}\\n',
  shouldPersistHeaders: false,
  query: given('query'),
  variables: given('variables'),
  operationName: given('operationName'),
});
// CodeMirror's own text fields have no names, by which screen readers would tell them apart.
const fieldNames = {
  'graphiql-query-editor': 'Operation',
  'graphiql-editor-tool': 'Variables or headers, as JSON',
  'graphiql-response': 'Answer',
};
new MutationObserver(() => {
  for (const field of document.querySelectorAll('.CodeMirror textarea:not([aria-label])')) {
    const name = Object.keys(fieldNames).find((part) => field.closest('.' + part));
    field.setAttribute('aria-label', name ? fieldNames[name] : 'Text');
  }
  // What scrolls must be reachable by keyboard.
  for (const pane of document.querySelectorAll('.CodeMirror-scroll[tabindex="-1"]')) pane.tabIndex = 0;
}).observe(document.getElementById('explorer'), { childList: true, subtree: true });
ReactDOM.createRoot(document.getElementById('explorer')).render(explorer);
`;
