// A DPoP client on npm's `oauth4webapi`, which leaves it to its user to repeat a request that needs
// a nonce.

import * as oauth from 'oauth4webapi';

export async function connect({ issuer, id, secret, algorithm }, fetch) {
  const client = { client_id: id };
  const authentication = oauth.ClientSecretBasic(secret);
  const options = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: fetch };
  const name = new URL(issuer);
  const found = await oauth.discoveryRequest(name, { ...options, algorithm: 'oauth2' });
  const server = await oauth.processDiscoveryResponse(name, found);
  options.DPoP = oauth.DPoP(client, await oauth.generateKeyPair(algorithm));

  async function withNonce(act) {
    try {
      return await act();
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return act();
    }
  }

  return {
    token: (parameters) =>
      withNonce(async () => {
        const response = await oauth.clientCredentialsGrantRequest(
          server, client, authentication, new URLSearchParams(parameters), options,
        );
        return oauth.processClientCredentialsResponse(server, client, response);
      }),
    call: (method, url, token) =>
      withNonce(() => oauth.protectedResourceRequest(token, method, url, undefined, undefined, options)),
  };
}
