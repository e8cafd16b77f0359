// The official client of the Model Context Protocol, for the tests of this folder: it gets its own tokens by what a
// server's answers say, with the client credentials grant, and requests further scopes when a call needs them.
//
// Settings in the environment variable SETTINGS as JSON:
//   server     the URL of the MCP server
//   issuer     the issuer that the client is registered with
//   id, secret of the client
//   mode       how the client negotiates the revision: "legacy" or "auto"
//   calls      [[tool, arguments]]
//
// It makes the calls before it reports that it is ready. The report has:
//   revision   that was negotiated
//   results    the text of each call's result, or the name of its error
//   requests   each request to the MCP server, the metadata and the token endpoint: [what, status, scope requested]

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

import { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const requests = [];

// What a request is about: a method of MCP, or the path of a document.
function described(url, { method = 'GET', body } = {}) {
  const text = body?.toString() ?? '';
  if (url.href === settings.server) return method === 'POST' ? JSON.parse(text).method : method;
  return url.pathname;
}

async function recorded(input, init) {
  const url = new URL(input);
  const response = await fetch(input, init);
  const scope = new URLSearchParams(init?.body?.toString() ?? '').get('scope');
  requests.push([described(url, init), response.status, scope]);
  return response;
}

async function call(client, [name, given]) {
  try {
    const result = await client.callTool({ name, arguments: given });
    return result.content[0].text;
  } catch (error) {
    return error.constructor.name;
  }
}

const authProvider = new ClientCredentialsProvider({
  clientId: settings.id,
  clientSecret: settings.secret,
  expectedIssuer: settings.issuer,
});
const transport = new StreamableHTTPClientTransport(new URL(settings.server), { authProvider, fetch: recorded });
const information = { name: 'live-test', version: '1.0.0' };
const client = new Client(information, { versionNegotiation: { mode: settings.mode } });
await client.connect(transport);
const results = [];
for (const one of settings.calls) results.push(await call(client, one));
answerCommands({ revision: transport.protocolVersion, results, requests }, {});
