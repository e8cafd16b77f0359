// A DPoP client on npm's `openid-client`, which repeats a request by itself when it needs a nonce.

import * as oidc from 'openid-client';

export async function connect({ issuer, id, secret, algorithm }, fetch) {
  const config = await oidc.discovery(new URL(issuer), id, undefined, oidc.ClientSecretBasic(secret), {
    algorithm: 'oauth2',
    execute: [oidc.allowInsecureRequests],
    [oidc.customFetch]: fetch,
  });
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair(algorithm));
  return {
    token: (parameters) => oidc.clientCredentialsGrant(config, parameters, { DPoP }),
    call: (method, url, token) =>
      oidc.fetchProtectedResource(config, token, url, method, undefined, undefined, { DPoP }),
  };
}
