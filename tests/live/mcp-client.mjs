// The official client of the Model Context Protocol, for the tests of this folder. It gets its own
// tokens by what a server's answers say, and requests further scopes when a call needs them. It
// acts for itself, with the client credentials grant, or for a user, with an authorization code and
// PKCE.
//
// Settings in the environment variable SETTINGS as JSON:
//   server     the URL of the MCP server
//   issuer     the issuer that the client is registered with
//   id, secret of the client; without a secret it acts for a user
//   dpop       true: the client holds a DPoP key, and its tokens are bound to it
//   mode       how the client negotiates the revision: "legacy" or "auto"
//   calls      [[tool, arguments]]
//
// It makes the calls before it reports that it is ready. The report has:
//   revision   that was negotiated
//   schemes    of the tokens that the MCP server got, each once
//   results    the text of each call's result, or the name of its error
//   requests   each request to the MCP server, the metadata and the token endpoint: [what, status,
//              scope requested]

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

import {
  Client,
  ClientCredentialsProvider,
  DpopSession,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

import { browse } from './sign-in.mjs';

const requests = [];
const schemes = new Set();

// What a host keeps for a user.
class User {
  redirectUrl = 'http://127.0.0.1/callback';
  cookies = new Map();

  get clientMetadata() {
    return { redirect_uris: [this.redirectUrl], grant_types: ['authorization_code'] };
  }

  clientInformation() {
    return { client_id: settings.id };
  }

  tokens() {
    return this.kept;
  }

  saveTokens(tokens) {
    this.kept = tokens;
  }

  redirectToAuthorization(url) {
    requests.push(['/auth', 302, url.searchParams.get('scope')]);
    this.page = url;
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }

  codeVerifier() {
    return this.verifier;
  }

  discoveryState() {
    return this.discovered;
  }

  saveDiscoveryState(discovered) {
    this.discovered = discovered;
  }

  // Lets the user sign in, and gives the transport what the redirect says.
  async signIn(transport) {
    await transport.finishAuth(await browse(this.page, this.redirectUrl, this.cookies));
  }
}

// What a request is about: a method of MCP, or the path of a document.
function described(url, { method = 'GET', body } = {}) {
  const text = body?.toString() ?? '';
  if (url.href === settings.server) return method === 'POST' ? JSON.parse(text).method : method;
  return url.pathname;
}

async function recorded(input, init) {
  const url = new URL(input);
  const authorization = new Headers(init?.headers).get('authorization');
  if (authorization && url.href === settings.server) schemes.add(authorization.split(' ')[0]);
  const response = await fetch(input, init);
  const scope = new URLSearchParams(init?.body?.toString() ?? '').get('scope');
  requests.push([described(url, init), response.status, scope]);
  return response;
}

const authProvider = settings.secret
  ? new ClientCredentialsProvider({
      clientId: settings.id,
      clientSecret: settings.secret,
      expectedIssuer: settings.issuer,
    })
  : new User();

if (settings.dpop) {
  const session = await DpopSession.create();
  authProvider.dpop = () => session;
}

function connection() {
  return new StreamableHTTPClientTransport(new URL(settings.server), { authProvider, fetch: recorded });
}

let transport;
const information = { name: 'live-test', version: '1.0.0' };
const client = new Client(information, { versionNegotiation: { mode: settings.mode } });

// Does something, and once more after the user signed in, if that is asked for.
async function signedIn(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await authProvider.signIn(transport);
    return act();
  }
}

async function connect() {
  transport = connection();
  await client.connect(transport);
}

async function call([name, given]) {
  try {
    const result = await client.callTool({ name, arguments: given });
    return result.content[0].text;
  } catch (error) {
    if (error instanceof UnauthorizedError) throw error;
    return error.constructor.name;
  }
}

await signedIn(connect);
const results = [];
for (const one of settings.calls) results.push(await signedIn(() => call(one)));
answerCommands({ revision: transport.protocolVersion, schemes: [...schemes], results, requests }, {});
