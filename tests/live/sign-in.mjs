// A sign-in without a browser, for the MCP client of this folder. The authorization server signs
// alice in and grants what is requested, and the client follows the redirects.

const USER = 'alice';

// The middleware of the provider that answers its interactions.
export function signingIn(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    const result =
      details.prompt.name === 'login'
        ? { login: { accountId: USER } }
        : { consent: { grantId: await granted(provider, details) } };
    return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  };
}

async function granted(provider, { prompt, params, grantId }) {
  const known = grantId && (await provider.Grant.find(grantId));
  const grant = known || new provider.Grant({ accountId: USER, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return grant.save();
}

// What a browser does from this URL on, until it is sent to the client: the query of that redirect.
export async function browse(start, redirectUrl, cookies) {
  let url = new URL(start);
  while (!url.href.startsWith(redirectUrl)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url.pathname} leads nowhere: ${response.status} ${await response.text()}`);
    url = new URL(location, url);
  }
  return url.searchParams;
}
