// A real authorization server for the tests of this folder: oidc-provider on the loopback interface.
//
// It issues RFC 9068 access tokens by the client credentials grant, signed with the algorithm that ends the name of
// the resource asked for. Its keys are made at its start and die with it.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { finished } from 'node:stream';

import Provider, { errors } from 'oidc-provider';

// Standard output is for the ready line alone; the provider writes its notices there too.
console.log = console.info = console.error;

const SCOPE = 'orders:read orders:write';
const LIFETIME_SECONDS = 300;
const RESOURCES = new Map(
  ['RS256', 'PS256', 'ES256', 'Ed25519'].map((alg) => [`https://api.example.com/${alg}`, alg]),
);

function signingKey(kid, type, options, members = {}) {
  const jwk = generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' });
  return { ...jwk, ...members, kid, use: 'sig' };
}

function configuration() {
  return {
    clients: [{
      client_id: 'live-test',
      client_secret: 'live-test-secret',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }],
    jwks: {
      keys: [
        // Published without `alg`, as it serves RS256 and PS256 alike.
        signingKey('rsa', 'rsa', { modulusLength: 2048 }),
        signingKey('p256', 'ec', { namedCurve: 'P-256' }),
        signingKey('ed25519', 'ed25519', undefined, { alg: 'Ed25519' }),
      ],
    },
    scopes: SCOPE.split(' '),
    ttl: { ClientCredentials: LIFETIME_SECONDS },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource) {
          const alg = RESOURCES.get(resource);
          if (!alg) throw new errors.InvalidTarget();
          return {
            audience: resource,
            scope: SCOPE,
            accessTokenFormat: 'jwt',
            accessTokenTTL: LIFETIME_SECONDS,
            jwt: { sign: { alg } },
          };
        },
      },
    },
  };
}

// Listen first: the issuer's name holds the port, and the provider must be made with that name. Nobody can ask
// anything before the ready line has told the port.
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  provider.on('server_error', (_ctx, error) => console.error(error));
  server.on('request', provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});

// Standard input ends with the process that started this one, however that ended.
finished(process.stdin.resume(), () => process.exit());
process.on('SIGTERM', () => process.exit());
