// Loaded when somebody searches: the index is made here, of all places, in some ten milliseconds.
import MiniSearch from './minisearch.js';

export async function open() {
  const places = await (await fetch('/docs/search.json')).json();
  const index = new MiniSearch({
    fields: ['title', 'kind', 'text'],
    storeFields: ['href', 'title', 'kind'],
    // `intakeBots` is found by `bots`, too.
    tokenize: (text) => [...text.split(/[\s\p{P}]+/u), ...text.split(/[\s\p{P}]+|(?<=[a-z])(?=[A-Z])/u)],
    searchOptions: {
      boost: { title: 4, kind: 1.5 },
      prefix: true,
      fuzzy: (word) => (word.length > 4 ? 0.2 : false),
      combineWith: 'AND',
      tokenize: (text) => text.split(/[\s\p{P}]+/u).filter((word) => word !== ''),
    },
  });
  index.addAll(places.map((place, id) => ({ id, ...place })));
  // Where no place has all words, those that have some of them.
  return (words) => {
    const found = index.search(words);
    return (found.length > 0 ? found : index.search(words, { combineWith: 'OR' })).slice(0, 12);
  };
}
