// A client that holds a DPoP key (RFC 9449). It gets tokens that are bound to the key, and calls an
// API with them and a proof.
//
// Settings in the environment variable SETTINGS as JSON:
//   library    that the client uses, each in the script of its name: "openid-client" or
//              "oauth4webapi"
//   algorithm  of the key
//   issuer     that issues the tokens
//   id, secret of the client
//
// Commands, each with an argument, and answered with one line of JSON:
//   token { resource, scope }     gets a token by the client credentials grant: { token, type }
//   call { method, url, token }   calls an API: { status }, and the challenges of a refusal as the
//                                 library reads them
//
// Each answer has the requests that it took too: [{ status, authorization, proof, nonce }], where
// the nonce is the one of the response.

// First, as it keeps standard output free of what packages say when they are loaded.
import { answerCommands, settings } from './harness.mjs';

const { connect } = await import(`./${settings.library}.mjs`);

const requests = [];

async function recorded(url, options) {
  const response = await fetch(url, options);
  const { authorization, dpop: proof } = options.headers;
  const nonce = response.headers.get('dpop-nonce');
  requests.push({ status: response.status, authorization, proof, nonce });
  return response;
}

const client = await connect(settings, recorded);

const commands = {
  async token({ resource, scope }) {
    requests.length = 0;
    const { access_token: token, token_type: type } = await client.token({ resource, scope });
    return { token, type, requests };
  },
  async call({ method, url, token }) {
    requests.length = 0;
    try {
      const { status } = await client.call(method, new URL(url), token);
      return { status, requests };
    } catch (error) {
      if (error.code !== 'OAUTH_WWW_AUTHENTICATE_CHALLENGE') throw error;
      return { status: error.status, challenges: error.cause, requests };
    }
  },
};

answerCommands({}, commands);
