// A real authorization server for the tests of this folder: oidc-provider on the loopback
// interface.
//
// It issues RFC 9068 access tokens by the client credentials grant. The name of the requested
// resource ends with the algorithm that signs them. If it ends with "opaque", the tokens are
// opaque. One client gets and revokes tokens. The others are APIs and may introspect tokens.
// Introspection responses are signed for clients that request it (RFC 9701), with a separate
// algorithm for each API.
//
// Settings, all optional, in the environment variable SETTINGS as JSON:
//   port         to listen on; any free one by default
//   name         the issuer's name; the server's address by default
//   keys         the private keys to sign with, in its order of preference; new ones by default
//   tls          { certificate, key } in PEM: https instead of http
//   tokens       those issued before, from the command of this name
//   mlDsa        true: signs with ML-DSA too, which needs Node 24.7 or later
//   clientKeys   true: one more API, which authenticates with private keys (private_key_jwt), new
//                ones each time
//   mcp          the URL of an MCP server: one more resource, with scopes of its own, and one more
//                client, for which a user signs in
//   plainAnswers true: signs no introspection responses, for any request
//   certificates true: one more client, which gets tokens that are bound to its certificate. It
//                sends the certificate in the header x-client-cert: in PEM, with percent-encoding
//   dpopNonces   true: DPoP proofs for this server need a nonce
//
// Commands, each answered with one line of JSON:
//   announce     publishes a new generation of keys after the old one, which continues to sign
//   sign         puts the newest generation first, which makes the provider sign with it
//   withdraw     publishes the newest generation alone
//   keys         the private keys, for another start
//   clientKeys   those of the API that has some: [{ alg, kid, jwk, pem }]
//   tokens       the opaque tokens, for another start
//   hold         answers about active tokens wait, though what they say is settled
//   held         how many wait
//   release      sends them
//   expire       puts the server's clock ahead, so that every token so far is past its expiry
//   requests     the requests of the library: [{ path, http }]

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';

import Provider, { errors } from 'oidc-provider';

import { signingIn } from './sign-in.mjs';

const ORDERS = 'orders:read orders:write';
const MATH = 'math:read math:write math:many';
const SCOPE = settings.mcp ? `${ORDERS} ${MATH}` : ORDERS;
const LIFETIME_SECONDS = 300;
const ML_DSA = settings.mlDsa ? ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] : [];
const RESOURCES = new Map(
  ['RS256', 'PS256', 'ES256', 'Ed25519', ...ML_DSA].map((alg) => [`https://api.example.com/${alg}`, alg]),
);

const OPAQUE_RESOURCE = 'https://api.example.com/opaque';

// The names and secrets of the APIs have characters that Basic authentication and a form must
// encode. Only printable ASCII is allowed in them (RFC 6749 appendix A).
const CLIENTS = [
  client('live-test', 'client_secret_basic', { client_secret: 'live-test-secret', grant_types: ['client_credentials'] }),
  api('api: 100% basic', 'client_secret_basic', 'RS256', { client_secret: 'a:b%c%41+d e&f=g"h/~' }),
  api('api: 100% post', 'client_secret_post', 'ES256', { client_secret: 'p:q%r%41+s t&u=v"w/~' }),
];

const CLIENT_KEYS = settings.clientKeys ? newClientKeys() : [];
if (settings.clientKeys) {
  const jwks = { keys: CLIENT_KEYS.map(({ published }) => published) };
  CLIENTS.push(api('api: 100% key', 'private_key_jwt', 'PS256', { jwks }));
}

if (settings.mcp) {
  RESOURCES.set(settings.mcp, 'ES256');
  const code = { grant_types: ['authorization_code'], response_types: ['code'] };
  const redirect = { application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'] };
  CLIENTS.push(client('live-user', 'none', { ...code, ...redirect }));
}

if (settings.certificates) {
  const bound = { tls_client_certificate_bound_access_tokens: true };
  const grant = { client_secret: 'live-certificate-secret', grant_types: ['client_credentials'] };
  CLIENTS.push(client('live-certificate', 'client_secret_basic', { ...bound, ...grant }));
}

function client(id, method, members) {
  return {
    client_id: id,
    token_endpoint_auth_method: method,
    grant_types: [],
    redirect_uris: [],
    response_types: [],
    ...members,
  };
}

function api(id, method, answersSignedBy, members) {
  const signed = settings.plainAnswers ? {} : { introspection_signed_response_alg: answersSignedBy };
  return client(id, method, { ...signed, ...members });
}

// One of each algorithm that the provider accepts. Their ids are the same in every server.
function newClientKeys() {
  const rsa = ['rsa', { modulusLength: 2048 }];
  const kinds = { RS256: rsa, PS256: rsa, ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519'], Ed25519: ['ed25519'] };
  return Object.entries(kinds).map(([alg, [type, options]]) => {
    const { privateKey: pem } = generateKeyPairSync(type, {
      ...options,
      publicKeyEncoding: { format: 'pem', type: 'spki' },
      privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    });
    const members = { alg, kid: `client-${alg}`, use: 'sig' };
    return {
      alg,
      kid: members.kid,
      pem,
      jwk: { ...createPrivateKey(pem).export({ format: 'jwk' }), ...members },
      published: { ...createPublicKey(pem).export({ format: 'jwk' }), ...members },
    };
  });
}

let isHolding = false;
const waiting = [];

// The provider has looked the token up by now.
function released() {
  return new Promise((resolve) => {
    if (isHolding) waiting.push(resolve);
    else resolve();
  });
}

// The provider accepts a secret of such clients in either place. This one accepts it only where it
// is registered.
async function mayIntrospect(ctx, { clientId, clientAuthMethod }) {
  await released();
  const bySecret = ctx.headers.authorization ? 'client_secret_basic' : 'client_secret_post';
  const method = ctx.oidc.params.client_assertion ? 'private_key_jwt' : bySecret;
  if (method !== clientAuthMethod) throw new errors.InvalidRequest(`${clientId} must use ${clientAuthMethod}`);
  return clientId.startsWith('api: ');
}

const tokens = new Map(settings.tokens);

// Keeps issued tokens over a restart, as a database does. Of what a user's sign-in leaves, it keeps
// what the tests need: sessions, grants and codes.
class Store {
  constructor(model) {
    this.key = (id) => `${model}:${id}`;
  }

  async upsert(id, payload) {
    tokens.set(this.key(id), payload);
  }

  async find(id) {
    return tokens.get(this.key(id));
  }

  async destroy(id) {
    tokens.delete(this.key(id));
  }

  async findByUid(uid) {
    return [...tokens.values()].find((payload) => payload.uid === uid);
  }

  async consume(id) {
    tokens.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
}

function configuration(keys) {
  return {
    adapter: Store,
    clients: CLIENTS,
    jwks: { keys },
    scopes: SCOPE.split(' '),
    ttl: { ClientCredentials: LIFETIME_SECONDS },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: {
        enabled: true,
        nonceSecret: settings.dpopNonces ? randomBytes(32) : undefined,
        requireNonce: () => Boolean(settings.dpopNonces),
      },
      mTLS: {
        enabled: Boolean(settings.certificates),
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => decodeURIComponent(ctx.get('x-client-cert')) || undefined,
      },
      introspection: { enabled: true, allowedPolicy: mayIntrospect },
      jwtIntrospection: { enabled: !settings.plainAnswers },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource) {
          const granted = { audience: resource, scope: SCOPE, accessTokenTTL: LIFETIME_SECONDS };
          if (resource === OPAQUE_RESOURCE) return { ...granted, accessTokenFormat: 'opaque' };
          const alg = RESOURCES.get(resource);
          if (!alg) throw new errors.InvalidTarget();
          return { ...granted, accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
  };
}

function signingKey(kid, type, options, members = {}) {
  // Exported as they are made: Node 20 hangs when it collects one key object of a pair as garbage
  // while the other one is being exported.
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

// The provider reads its keys when it is made. It signs with the first key that fits the algorithm.
function useKeys(changed) {
  keys = changed;
  const provider = new Provider(issuer, configuration(keys));
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.use(signingIn(provider));
  serve = provider.callback();
}

function newest() {
  return keys.filter((key) => generationOf(key) === generation);
}

function older() {
  return keys.filter((key) => generationOf(key) < generation);
}

// The provider reads the time from Date.now only.
function putClockAhead(seconds) {
  const now = Date.now;
  Date.now = () => now() + seconds * 1000;
}

const commands = {
  announce() {
    generation += 1;
    useKeys([...keys, ...newKeys(generation)]);
  },
  sign: () => useKeys([...newest(), ...older()]),
  withdraw: () => useKeys(newest()),
  keys: () => keys,
  clientKeys: () => CLIENT_KEYS,
  tokens: () => [...tokens],
  hold() {
    isHolding = true;
  },
  held: () => waiting.length,
  release() {
    isHolding = false;
    waiting.splice(0).forEach((resolve) => resolve());
  },
  expire: () => putClockAhead(LIFETIME_SECONDS + 1),
  requests: () => requests,
};

function listener(request, response) {
  // What the tests ask for by themselves is not counted.
  if (request.headers['user-agent']?.startsWith('resource-server/')) {
    requests.push({ path: request.url, http: request.httpVersion });
  }
  serve(request, response);
}

// Listen first: the issuer's name may hold the port, and the provider must be made with that name.
// No request can come before the ready line reports the port.
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
