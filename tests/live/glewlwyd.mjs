// Another authorization server for the tests of this folder: glewlwyd, as Debian packages it, on
// the loopback interface.
//
// Its access tokens are JWTs, by the client credentials grant. The name of a client `live-test-..`
// ends with the algorithm that signs its tokens. `orders-api` is an API. It may introspect tokens
// with its secret, with its private key, or with its own token of the scope `introspect`. A secret
// is the client's name and `-secret`.
//
// All its files are in a temporary folder, which is removed when it ends.
//
// Settings:
//   port     to listen on
//
// It prints { issuer, key } when it is ready: the issuer's name, and the private key of
// `orders-api` as a JWK.

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODULES = '/usr/lib/glewlwyd';
const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
// Of the schema.
const ADMINISTRATOR = { username: 'admin', password: 'password' };

const RESOURCE = 'https://api.example.com/orders';
const SCOPES = ['orders:read', 'orders:write', 'introspect'];
const LIFETIME_SECONDS = 300;
const START_LIMIT_MS = 30_000;

// The shell starts the server at the first line. It ends the server and removes the folder when
// standard input ends, so also after a kill of this process. An interrupt, or output that no
// process reads any more, does not prevent that. The server is killed because it may take seconds
// to end by itself.
const RUN = `
trap '' INT PIPE
if read -r _; then
  glewlwyd --config-file="$1/glewlwyd.conf" &
  read -r _
  kill -9 "$!"
  wait
fi
rm -r "$1"
`;

const address = `http://127.0.0.1:${settings.port}`;
const api = `${address}/api`;
const issuer = `${api}/oidc`;

function fill(folder) {
  const database = join(folder, 'database');
  execFileSync('sqlite3', ['-bail', database], { input: readFileSync(SCHEMA) });
  writeFileSync(join(folder, 'glewlwyd.conf'), `
    port = ${settings.port}
    bind_address = "127.0.0.1"
    external_url = "${address}"
    login_url = "login.html"
    api_prefix = "api"
    log_mode = "console"
    log_level = "ERROR"
    cookie_secure = 0
    user_module_path = "${MODULES}/user"
    client_module_path = "${MODULES}/client"
    user_auth_scheme_module_path = "${MODULES}/scheme"
    plugin_module_path = "${MODULES}/plugin"
    hash_algorithm = "SHA512"
    database = { type = "sqlite3", path = "${database}" }
  `);
}

async function start() {
  // Fails at once where it is not installed, and names it.
  execFileSync('glewlwyd', ['--version'], { stdio: 'ignore' });
  const folder = mkdtempSync(join(tmpdir(), 'live-tests-glewlwyd-'));
  // What the server says goes to standard error.
  const shell = spawn('sh', ['-c', RUN, 'sh', folder], { stdio: ['pipe', 2, 2] });
  fill(folder);
  shell.stdin.write('\n');
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      return await fetch(`${address}/config`);
    } catch (error) {
      if (Date.now() > limit) throw new Error('glewlwyd does not answer', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

let cookie;

async function administer(method, path, body) {
  const headers = { 'content-type': 'application/json', ...(cookie && { cookie }) };
  const response = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  cookie ??= response.headers.get('set-cookie').split(';')[0];
  return text && JSON.parse(text);
}

function signingKey(alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { format: 'jwk' },
    privateKeyEncoding: { format: 'jwk' },
  });
  return { ...privateKey, kid: `${alg}-1`, alg, use: 'sig' };
}

function publicPart({ kty, crv, x, y, kid, alg, use }) {
  return { kty, crv, x, y, kid, alg, use };
}

function client(id, scope, members) {
  return administer('POST', '/client/?source=database', {
    client_id: id,
    name: id,
    client_secret: `${id}-secret`,
    enabled: true,
    confidential: true,
    authorization_type: ['client_credentials'],
    scope,
    ...members,
  });
}

const keys = [
  signingKey('ES256', 'ec', { namedCurve: 'P-256' }),
  signingKey('RS256', 'rsa', { modulusLength: 2048 }),
  signingKey('PS256', 'rsa', { modulusLength: 2048 }),
  signingKey('EdDSA', 'ed25519'),
];
const apiKey = signingKey('ES256', 'ec', { namedCurve: 'P-256' });

await start();
await administer('POST', '/auth/', ADMINISTRATOR);
for (const name of SCOPES) await administer('POST', '/scope/', { name, display_name: name });
// Optional settings of a client come first: here the key that signs its tokens.
const clients = await administer('GET', '/mod/client/database');
clients.parameters['data-format'].sign_kid = { multiple: false, read: true, write: true };
await administer('PUT', '/mod/client/database', clients);
await administer('PUT', '/mod/client/database/reset');
for (const { alg, kid } of keys) {
  await client(`live-test-${alg}`, SCOPES.slice(0, 2), {
    token_endpoint_auth_method: ['client_secret_basic'],
    sign_kid: kid,
    resource: [RESOURCE],
  });
}
await client('orders-api', SCOPES.slice(2), {
  token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  jwks: { keys: [publicPart(apiKey)] },
});
await administer('POST', '/mod/plugin/', {
  module: 'oidc',
  name: 'oidc',
  display_name: 'oidc',
  enabled: true,
  parameters: {
    iss: issuer,
    'jwks-private': JSON.stringify({ keys }),
    'client-sign_kid-parameter': 'sign_kid',
    'jwks-show': true,
    'access-token-duration': LIFETIME_SECONDS,
    'refresh-token-duration': LIFETIME_SECONDS,
    'code-duration': LIFETIME_SECONDS,
    // The client credentials grant among them.
    'allow-non-oidc': true,
    'auth-type-client-enabled': true,
    'auth-type-code-enabled': false,
    'auth-type-password-enabled': false,
    'auth-type-implicit-enabled': false,
    'auth-type-refresh-enabled': false,
    'resource-allowed': true,
    'resource-client-property': 'resource',
    'resource-scope-and-client-property': false,
    'introspection-revocation-allowed': true,
    'introspection-revocation-auth-scope': SCOPES.slice(2),
    'introspection-revocation-allow-target-client': true,
    'request-parameter-allow': true,
    'client-jwks-parameter': 'jwks',
  },
});
answerCommands({ issuer, key: apiKey }, {});
