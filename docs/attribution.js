// For a page whose forms reach ioZen through the page's own server: remembers the click that brought a person. It sends
// nothing and sets no cookie. What it knows it keeps in memory; after a grant in localStorage, for 90 days from the first
// sight of the click; after a denial nowhere. The server sends it without comments and indentation.
window.iozenAttribution =
  window.iozenAttribution ||
  (() => {
    const known = /^((fb|g|tt|ms)clid|[gw]braid|li_fat_id|utm_(source|medium|campaign|term|content))$/;
    const isClick = (sight) => Object.keys(sight).some((key) => /clid|braid|fat/.test(key));
    let seen;
    let consent;

    // What this page's address tells, after what was seen before: a newer click takes the place of an older one.
    const look = (before) => {
      const url = new URL(location);
      const found = {};
      url.hash = '';
      for (const [key, value] of new URL(url).searchParams) {
        if (!known.test(key)) url.searchParams.delete(key);
        else if (value) found[key] = value;
      }
      const now = new Date().toISOString();
      const isOther = Object.keys(found).some((key) => found[key] !== before[key]);
      const isNewer = isOther && (isClick(found) || !isClick(before));
      if (before.first_seen_at && !isNewer) return { ...before, last_seen_at: now };
      const [referrer] = document.referrer.split(/[?#]/);
      if (referrer) found.referrer = referrer;
      return { ...found, landing_page: url.href, first_seen_at: now, last_seen_at: now };
    };

    const keep = () => {
      try {
        if (consent && consent.ad_user_data === 'granted')
          localStorage.iozenAttribution = JSON.stringify([seen, consent]);
        else delete localStorage.iozenAttribution;
      } catch {
        // Storage is forbidden here: it stays in memory.
      }
    };

    try {
      const kept = JSON.parse(localStorage.iozenAttribution);
      if (Date.now() - Date.parse(kept[0].first_seen_at) < 7776e6) [seen, consent] = kept;
    } catch {
      // Nothing is kept.
    }
    seen = look(seen || {});
    keep();

    return {
      get() {
        const all = { ...seen };
        for (const key of seen ? ['fbc', 'fbp', 'ttp'] : []) {
          const [, value] = document.cookie.match(`(?:^|; )_${key}=([^;]+)`) || [];
          if (value) all[key] = value;
        }
        // The cookie is of an older click.
        if (all.fbclid && all.fbc && !all.fbc.includes(all.fbclid)) delete all.fbc;
        if (consent) all.consent = consent;
        return all;
      },
      consent(given) {
        consent = { ...consent };
        for (const key of ['ad_user_data', 'ad_personalization']) {
          if (key in given) consent[key] = given[key] === 'granted' ? 'granted' : 'denied';
        }
        if ('limited_use' in given) consent.limited_use = !!given.limited_use;
        if (consent.ad_user_data === 'denied') seen = null;
        else seen = seen || look({});
        keep();
      },
    };
  })();
