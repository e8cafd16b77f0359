// A real authorization server for the tests of this folder: oidc-provider on the loopback interface.
//
// It issues RFC 9068 access tokens by the client credentials grant, signed with the algorithm that ends the name of
// the resource asked for.
//
// Settings, all optional, in the environment variable SETTINGS as JSON:
//   port    to listen on; any free one by default
//   name    the issuer's name; the server's address by default
//   keys    the private keys to sign with, in its order of preference; new ones by default
//   tls     { certificate, key } in PEM: https instead of http
//   mlDsa   true: signs with ML-DSA too, which takes Node 24.7 or later
//
// Commands, each answered with one line of JSON:
//   announce     publishes a new generation of keys behind the old one, which goes on signing
//   sign         puts the newest generation first, which makes the provider sign with it
//   withdraw     publishes the newest generation alone
//   keys         the private keys, for another start
//   requests     how often the library asked for metadata and for keys, and with what: [{ path, http }]

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';

import Provider, { errors } from 'oidc-provider';

const SCOPE = 'orders:read orders:write';
const LIFETIME_SECONDS = 300;
const ML_DSA = settings.mlDsa ? ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] : [];
const RESOURCES = new Map(
  ['RS256', 'PS256', 'ES256', 'Ed25519', ...ML_DSA].map((alg) => [`https://api.example.com/${alg}`, alg]),
);

function configuration(keys) {
  return {
    clients: [{
      client_id: 'live-test',
      client_secret: 'live-test-secret',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    }],
    jwks: { keys },
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

function signingKey(kid, type, options, members = {}) {
  // Exported as they are made: Node 20 hangs when it collects one key object of a pair as garbage while the other one
  // is being exported.
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { format: 'jwk' },
    privateKeyEncoding: { format: 'jwk' },
  });
  return { ...privateKey, ...members, kid, use: 'sig' };
}

function newKeys(generation) {
  return [
    // Published without `alg`, as it serves RS256 and PS256 alike.
    signingKey(`rsa-${generation}`, 'rsa', { modulusLength: 2048 }),
    signingKey(`p256-${generation}`, 'ec', { namedCurve: 'P-256' }),
    signingKey(`ed25519-${generation}`, 'ed25519', undefined, { alg: 'Ed25519' }),
    ...ML_DSA.map((alg) => signingKey(`${alg.toLowerCase()}-${generation}`, alg.toLowerCase())),
  ];
}

function generationOf({ kid }) {
  return Number(kid.split('-').at(-1));
}

let keys = settings.keys ?? newKeys(1);
let generation = Math.max(...keys.map(generationOf));
let serve;
let issuer;
const requests = [];

// The provider takes its keys when it is made. Of those that fit an algorithm it signs with the first.
function useKeys(changed) {
  keys = changed;
  const provider = new Provider(issuer, configuration(keys));
  provider.on('server_error', (_ctx, error) => console.error(error));
  serve = provider.callback();
}

function newest() {
  return keys.filter((key) => generationOf(key) === generation);
}

function older() {
  return keys.filter((key) => generationOf(key) < generation);
}

const commands = {
  announce() {
    generation += 1;
    useKeys([...keys, ...newKeys(generation)]);
  },
  sign: () => useKeys([...newest(), ...older()]),
  withdraw: () => useKeys(newest()),
  keys: () => keys,
  requests: () => requests,
};

function listener(request, response) {
  // What the tests ask for by themselves is not counted.
  if (request.headers['user-agent']?.startsWith('resource-server/')) {
    requests.push({ path: request.url, http: request.httpVersion });
  }
  serve(request, response);
}

// Listen first: the issuer's name may hold the port, and the provider must be made with that name. Nobody can ask
// anything before the ready line has told the port.
const { tls } = settings;
const server = tls
  ? createSecureServer({ cert: tls.certificate, key: tls.key, allowHTTP1: true })
  : createServer();
server.listen(settings.port ?? 0, '127.0.0.1', () => {
  const { port } = server.address();
  // A certificate is for a host's name.
  const address = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  issuer = settings.name ?? address;
  useKeys(keys);
  server.on('request', listener);
  answerCommands({ issuer, address }, commands);
});
